"""From a plan to a class, and from an error report to a mended class."""

from __future__ import annotations

import dspy

from .source import PySource


class WriteClass(dspy.Signature):
    """Write one complete Python 3.11 class that implements the plan exactly.

    - `__init__(self, init_config: dict)` stores each state attribute of the plan (collections and
      scalars) under its own name from init_config, deep-copied. No other instance attribute exists,
      and nothing is computed, added or changed there: building the class from a state it reached
      gives that state again.
    - State is plain JSON: dicts keyed by string ids, lists, strings, numbers, booleans, None.
    - Every operation is a public method with exactly the planned name, parameters and type hints
      (optional ones default to None), and a docstring: what it does, then `Args:` with one line for
      each parameter, then `Returns:`. Helpers start with an underscore. No other public names.
    - A method returns {"success": True, "data": …} (query), {"success": True, "message": …, and
      "data" with the ids of new records} (change) or {"success": False, "error": "…"}. It never
      raises: check the type of every argument first (bool is not int), then existence, then rules.
      Ids may be of the wrong type, unknown or empty; numbers negative, zero or huge.
    - A refused call changes nothing: check everything before the first write. Queries write
      nothing. Results are copies, never the stored dicts or lists.
    - Every business rule is enforced in every operation that owns it.
    - No clock, no randomness, no uuid, no input or output, no printing: the current time and the
      counters for new ids are state. Imports only from: copy, math, re, datetime, typing,
      collections, itertools, functools, decimal. `datetime` is for parsing and arithmetic only.
    """

    plan: str = dspy.InputField()
    source: PySource = dspy.OutputField(desc="the whole module: imports and the one class")


class RepairClass(dspy.Signature):
    """Mend the class: return the whole module with every reported problem solved.

    The plan and the contract of the class hold as before: public methods are exactly the planned
    operations and return {"success": True, …} or {"success": False, "error": …}; they never raise,
    check every argument's type, and change nothing when they refuse; queries write nothing; the
    instance attributes are exactly the planned state, copied from init_config; results are copies;
    no clock, randomness, input or output. Find the cause of each problem and look for the same
    fault in the other methods. Leave working code alone.
    """

    plan: str = dspy.InputField()
    broken: PySource = dspy.InputField()
    problems: list[str] = dspy.InputField()
    source: PySource = dspy.OutputField(desc="the whole mended module")
