--- The highlight groups, each linked to one that every colour scheme has. Groups that the user has set are left alone.
local M = {}

local links = {
  PxlensStdout = 'Normal',
  PxlensStderr = 'WarningMsg',
  PxlensResult = 'Constant',
  PxlensError = 'DiagnosticError',
  PxlensNote = 'Comment',
  PxlensLabel = 'Title',
  PxlensBar = 'NonText',
  PxlensGroup1 = 'Function',
  PxlensGroup2 = 'String',
  PxlensGroup3 = 'Identifier',
  PxlensGroup4 = 'Special',
  PxlensGroup5 = 'Type',
  PxlensGroup6 = 'Constant',
  PxlensLineInfo = 'DiagnosticVirtualTextInfo',
  PxlensLineOk = 'DiagnosticVirtualTextOk',
  PxlensLineWarning = 'DiagnosticVirtualTextWarn',
  PxlensLineError = 'DiagnosticVirtualTextError',
  PxlensLineStale = 'Comment',
  PxlensSignQueued = 'DiagnosticSignInfo',
  PxlensSignRunning = 'DiagnosticSignInfo',
  PxlensSignSucceeded = 'DiagnosticSignOk',
  PxlensSignFailed = 'DiagnosticSignError',
  PxlensSignStale = 'DiagnosticSignHint',
}

--- The number of colours that groups of engines get in turn.
M.GROUPS = 6

function M.define()
  for name, target in pairs(links) do
    vim.api.nvim_set_hl(0, name, { link = target, default = true })
  end
end

return M
