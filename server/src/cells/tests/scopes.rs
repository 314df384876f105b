//! Statements that Python's symbol table refuses: IPython ends the cell there, and runs what stands above.

use super::*;

/// What is sent of a statement between two px magics.
fn sent(statement: &str) -> String {
    let all = recognize_notebook(&[&format!("%px a\n{statement}\n%px b")]);
    let cells = all[0].0.cells.iter().filter(|cell| cell.refusal().is_none() && cell.suite.is_none());
    cells.map(|cell| cell.code.trim()).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_name_that_is_declared_too_late_or_in_vain_ends_the_cell() {
    for statement in [
        "def f():\n    x = 1\n    global x",
        "def f():\n    print(x)\n    global x",
        "def f():\n    def x(): pass\n    global x",
        "def f():\n    class x: pass\n    global x",
        "def f():\n    for x in y: pass\n    global x",
        "def f():\n    x += 1\n    global x",
        "def f():\n    del x\n    global x",
        "def f():\n    with y as x: pass\n    global x",
        "def f():\n    try: pass\n    except E as x: pass\n    global x",
        "def f():\n    match y:\n        case [x]: pass\n    global x",
        "def f():\n    [(x := 1) for y in z]\n    global x",
        "def f():\n    [y for y in x]\n    global x",
        "def f():\n    @x\n    def g(): pass\n    global x",
        "def f():\n    def g(y=x): pass\n    global x",
        "def f():\n    lambda y=x: y\n    global x",
        "def f():\n    if x:\n        global x",
        "def f():\n    global x\n    x: int = 1",
        "def f(x):\n    global x",
        "def f(*x):\n    global x",
        "def f(*, x=1):\n    if y:\n        global x",
        "async def f(x):\n    global x",
        "class A:\n    x = 1\n    global x",
        "class A:\n    def f(self, x):\n        global x",
        "if y:\n    x = 1\n    global x",
        "def f():\n    nonlocal x",
        "x = 1\ndef f():\n    nonlocal x",
        "def f():\n    def g():\n        nonlocal x",
        "def f(x):\n    nonlocal x",
        "def f():\n    global x\n    def g():\n        nonlocal x",
        "def f():\n    class A:\n        x = 1\n        def g(self):\n            nonlocal x",
        "def f():\n    x = 1\n    def g():\n        x = 2\n        nonlocal x",
        "nonlocal x",
        "x.__debug__ = 1",
        "del x.__debug__",
        "f(__debug__=1)",
        "while x:\n    try: pass\n    except* E: break",
        "def f():\n    try: pass\n    except* E:\n        for x in y: return",
        "class A: y = [(x := 1) for z in w]",
    ] {
        assert_eq!(sent(statement), "a", "{statement}");
    }
    assert_eq!(sent("x = '\0'"), "");
}

#[test]
fn a_name_that_is_declared_as_python_wants_it_runs_on() {
    for statement in [
        "global x",
        "x = 1\nglobal x",
        "def f():\n    global x\n    x = 1",
        "def f():\n    global x, y\n    x = y",
        "def f():\n    import x\n    global x",
        "def f():\n    def g():\n        return x\n    global x",
        "def f():\n    class A:\n        x = 1\n    global x",
        "def f():\n    lambda x: x\n    global x",
        "def f():\n    [x for x in y]\n    global x",
        "def f():\n    y.x = 1\n    f(x=1)\n    global x",
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2",
        "def f(x):\n    def g():\n        nonlocal x",
        "def f():\n    import x.y\n    def g():\n        nonlocal x",
        "def f():\n    def g():\n        def h():\n            nonlocal x\n    x = 1",
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        def h():\n            nonlocal x",
        "def f():\n    x = 1\n    class A:\n        nonlocal x",
        "def f():\n    x = 1\n    class A:\n        def g(self):\n            nonlocal x",
        "class A:\n    def f(self):\n        nonlocal __class__",
        "def f():\n    try: pass\n    except E as x: pass\n    def g():\n        nonlocal x",
        "def f(y):\n    def g(x):\n        global y",
        "def f(x): pass\ndef g():\n    global x",
        "print(x.__debug__, __debug__)",
        "try: pass\nexcept* E:\n    for x in y: break",
        "try: pass\nexcept* E:\n    def f(): return",
        "class A:\n    def f(self): return [(x := 1) for z in w]",
    ] {
        assert_eq!(sent(statement), "a; b", "{statement}");
    }
}
