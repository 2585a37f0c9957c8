"""vitlib-grade: returned notebooks, run in a sandbox and judged outside of it.

A *worker* in a sandbox holds the student's code. The grader runs the checks, hidden
tests included; to it an answer is a stand-in that sends the arguments to the worker
and waits for the result. Only data goes over the pipe between them, so nothing that
a notebook changes, reads or kills can reach a test or a verdict.

From the pipe to the class: `wire` (values as bytes), `conversation` (who asks whom),
`worker` (in the sandbox), `seccomp` and `sandbox` (the walls), `remote` (the
grader's end), `judging` (one exercise), `marking` (one notebook), `crew` (many at a
time), `reports` and `overview` (what is written), `cli`. What is read: `bundle`,
`names`, `notebook`.
"""
