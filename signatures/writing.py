"""From a plan to a class, and from an error report to a mended class."""

from __future__ import annotations

import dspy

from .source import PySource


class WriteClass(dspy.Signature):
    """Write a complete Python 3.11 class that implements the plan exactly.

    - `__init__(self, init_config: dict)` stores each state attribute of the plan (collections and
      scalars) under its own name from init_config, deep-copied. No other instance attribute exists,
      and nothing is computed, added or changed there: building the class from a state it reached
      gives that state again.
    - State is plain JSON: dicts keyed by string ids, lists, strings, numbers, booleans, None.
    - Every operation is a public method with exactly the planned name, parameters and type hints
      (optional ones default to None), and a docstring: what it does, then `Args:` with one line for
      each parameter, then `Returns:`. Helpers start with an underscore. No other public names.
    - A success is {"success": True, "data": …} with exactly the keys that the plan's `returns`
      names (an entity's name stands for all its attributes), in a list of such objects where it
      says many; without planned keys {"success": True, "message": …}.
    - A refusal is {"success": False, "error": "code: text"} with a planned code of the operation,
      or `invalid_argument` for an argument of the wrong type or form (bool is no int; an empty id,
      a value outside its enumeration, a malformed date are wrong too). A method never raises:
      check every argument's type and form first, then the refusals in the order of the plan.
    - A refused call changes nothing: check everything before the first write. A success changes
      only what the operation `writes`. Queries write nothing. Results are copies, never the stored
      dicts or lists.
    - Every business rule is enforced in every operation that owns it. A filter that is left out
      does not restrict; an empty one is an invalid argument unless the plan says otherwise.
    - No clock, no randomness, no uuid, no input or output, no printing: the current time and the
      counters for new ids are state. Imports only from: copy, math, re, datetime, typing,
      collections, itertools, functools, decimal. `datetime` is for parsing and arithmetic only.
    """

    plan: str = dspy.InputField()
    operations: list[str] = dspy.InputField(
        desc="write these now; those of the plan that are missing here follow later"
    )
    source: PySource = dspy.OutputField(desc="the whole module: imports and the one class")


class WriteMethods(dspy.Signature):
    """Go on writing the class: the next operations, in the manner of what is there.

    The contract of what is there holds: {"success": True, "data": …} with exactly the planned keys,
    or {"success": False, "error": "code: text"}; methods never raise, check every argument first,
    change nothing when they refuse, write only what the plan lists and return copies.
    """

    plan: str = dspy.InputField()
    begun: PySource = dspy.InputField()
    operations: list[str] = dspy.InputField(desc="to be written now")
    source: PySource = dspy.OutputField(
        desc="the class statement with only the new methods (and new helpers) in it"
    )


class RepairClass(dspy.Signature):
    """Mend the class so that every reported problem is solved.

    The plan and the contract of the class hold as before: public methods are exactly the planned
    operations and return {"success": True, "data": …} with exactly the planned keys, or
    {"success": False, "error": "code: text"} with a planned code or `invalid_argument`; they never
    raise, check every argument's type and form first, then the refusals in the planned order, and
    change nothing when they refuse; they write only what the plan lists; the instance attributes
    are exactly the planned state, copied from init_config; results are copies; no clock,
    randomness, input or output. Find the cause of each problem and look for the same fault in the
    other methods. Where a problem reported by a test contradicts the plan, the plan is right.
    """

    plan: str = dspy.InputField()
    broken: PySource = dspy.InputField()
    problems: list[str] = dspy.InputField()
    source: PySource = dspy.OutputField(
        desc="the class statement with only the changed and new methods in it, each of them whole; "
        "the whole module only if most of it changes"
    )
