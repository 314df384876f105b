;;; eglot.el --- pxlens in a real Emacs with eglot -*- lexical-binding: t -*-

;;; Commentary:

;; Run by `test_eglot.py', which starts the engines: emacs --batch -q -l eglot.el.
;; PXLENS_TEST_COMMAND is the command line of the server as a JSON list, PXLENS_TEST_SCRIPT the file to open.
;; Emacs does here what a user's keys would do; nothing is sent to the server past eglot.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'flymake)
(require 'json)
(require 'eglot)

(defconst px-patience 90
  "Seconds after which a test is ended that would hang.")

(defun px-until (what find)
  "Wait until FIND gives something, and give that.  WHAT says what it is."
  (let ((end (+ (float-time) px-patience)) found)
    (while (and (not (setq found (funcall find))) (< (float-time) end))
      (accept-process-output nil 0.05)
      ;; In Emacs 28 what comes in one piece with an answer is read when the next message comes.  A user who moves the cursor
      ;; asks often.
      (px-titles))
    (or found (ert-fail (format "never came: %s" what)))))

(defun px-command ()
  "The command line of the server."
  (append (json-read-from-string (getenv "PXLENS_TEST_COMMAND")) nil))

(defun px-line (line)
  "Go to the start of LINE, counted from 1."
  (goto-char (point-min))
  (forward-line (1- line)))

(defun px-titles ()
  "The titles of all code actions at point."
  (mapcar (lambda (action) (plist-get action :title))
          (append (eglot-code-actions (point) (point)) nil)))

(defun px-choose (text)
  "Choose the code action at point whose title holds TEXT, by \\[eglot-code-actions].
As users do: Emacs' own completion is given a star and TEXT."
  (px-until (format "the action %s" text)
            (lambda () (cl-some (lambda (title) (string-search text title)) (px-titles))))
  (let ((last-nonmenu-event ?\r))
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt table &rest _)
                 (let ((typed (concat "*" text)))
                   (substring-no-properties
                    (car (completion-all-completions typed table nil (length typed))))))))
      (call-interactively #'eglot-code-actions))))

(defun px-hover ()
  "What eldoc shows of the place at point, or nil."
  (let (shown)
    (eglot-hover-eldoc-function (lambda (text &rest _) (setq shown (or text ""))))
    (px-until "an answer to hover" (lambda () shown))
    (and (not (string-empty-p shown)) (substring-no-properties shown))))

(defun px-errors ()
  "The diagnostics of severity error that flymake shows."
  (cl-remove-if-not (lambda (diagnostic) (memq (flymake-diagnostic-type diagnostic)
                                         '(eglot-error :error)))
                    (flymake-diagnostics)))

(defun px-said (text)
  "Whether the server said TEXT in a message, as *Messages* shows it."
  (with-current-buffer (messages-buffer)
    (string-search text (buffer-string))))

(defun px-shows-output (buffer)
  "Whether BUFFER visits a file with the output of a run."
  (string-suffix-p "-engine.txt" (or (buffer-file-name buffer) "")))

(defmacro px-with-script (&rest body)
  "Open the script with eglot attached, do BODY, and shut the server down."
  (declare (indent 0))
  `(let ((eglot-server-programs `((python-mode . ,(px-command))))
         (eglot-sync-connect px-patience)
         (eglot-connect-timeout px-patience)
         (python-indent-guess-indent-offset nil)
         (inhibit-message nil))
     (with-current-buffer (find-file-noselect (getenv "PXLENS_TEST_SCRIPT"))
       (unwind-protect
           (progn (call-interactively #'eglot)
                  ;; By itself it begins when the buffer is drawn, which it never is here.
                  (flymake-start)
                  ,@body)
         (eglot-shutdown (eglot-current-server) nil px-patience)
         (kill-buffer)))))

(ert-deftest px-attaches-and-lists-the-cells ()
  (px-with-script
    (should (eglot-managed-p))
    (should (string-search "px" (format "%s" (funcall imenu-create-index-function))))
    (px-line 4)
    (px-until "the actions of a px cell" (lambda () (member "▶ Run on 4 engines" (px-titles))))
    (px-line 1)
    (should-not (cl-some (lambda (title) (string-search "Run" title)) (px-titles)))))

(ert-deftest px-a-code-action-runs-a-cell-and-eldoc-shows-what-came ()
  (px-with-script
    (px-line 4)
    (px-choose "Run on 4 engines")
    (let ((shown (px-until "a result" (lambda ()
                                        (let ((text (px-hover)))
                                          (and text (string-search "0 10 20 30" text) text))))))
      (should (string-search "hello from" shown)))))

(ert-deftest px-flymake-marks-the-line-that-failed ()
  (px-with-script
    (px-line 9)
    (px-choose "Run on 4 engines")
    (let ((found (px-until "an error in flymake" (lambda () (car (px-errors))))))
      (should (= 12 (line-number-at-pos (flymake-diagnostic-beg found))))
      (should (string-search "only on one" (flymake-diagnostic-text found)))
      (should (string-search "[1]" (flymake-diagnostic-text found))))
    (px-line 12)
    (should (string-search "ValueError" (px-hover)))
    (px-line 9)
    (px-choose "Clear this result")
    (px-until "no error in flymake" (lambda () (not (px-errors))))))

(ert-deftest px-a-cell-that-takes-too-long-is-interrupted ()
  (px-with-script
    (px-line 15)
    (px-choose "Run on 4 engines")
    (px-choose "Interrupt")
    (px-until "an engine that was interrupted" (lambda () (string-search "interrupted" (or (px-hover) ""))))
    ;; Engines end one after the other.
    (px-until "the end of the run"
              (lambda () (cl-notany (lambda (title) (string-search "Interrupt" title)) (px-titles))))))

(ert-deftest px-the-whole-output-is-in-a-file-that-a-message-names ()
  (px-with-script
    (px-line 4)
    (px-choose "Run on 4 engines")
    (px-choose "Open the output by engine")
    ;; Newer ones open it.
    (px-until "the file" (lambda () (or (px-said "The output is in /") (cl-some #'px-shows-output (buffer-list)))))))

(ert-deftest px-inlay-hints-show-state-and-result ()
  (skip-unless (fboundp 'eglot-inlay-hints-mode))
  (px-with-script
    (eglot-inlay-hints-mode 1)
    (px-line 4)
    (px-choose "Run on 4 engines")
    (px-until "an inlay hint"
              (lambda ()
                (jit-lock-fontify-now)
                (cl-some (lambda (overlay)
                           (string-search "✓" (format "%s" (or (overlay-get overlay 'before-string)
                                                               (overlay-get overlay 'after-string)))))
                         (overlays-in (point-min) (point-max)))))))

(ert-run-tests-batch-and-exit)

;;; eglot.el ends here
