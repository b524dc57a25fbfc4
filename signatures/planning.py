"""From an idea to a plan that a machine can check."""

from __future__ import annotations

import dspy

from ..runtime.records import Attribute, BusinessRule, Entity, Operation


class PlanEnvironment(dspy.Signature):
    """Plan a stateful environment: its entities, business rules and operations (the agent's tools).

    - Be compact: telling names, descriptions of a few words and only where they add something;
      leave out fields that hold their default.
    - Each entity is a collection of records keyed by a string id; `references` names the entity
      whose key an attribute or a parameter holds. Prefer few entities with telling attributes and
      enumerations. A key's description shows the form of the ids and names the counter that
      numbers new ones. An object inside a record has its keys named in the description.
    - The state never depends on the real clock or on chance: put the current date or time and the
      counters that number new records into `scalars`. Say how dates and times are written.
    - Rules restrict what the operations may do (limits, states, eligibility, amounts): each one
      condition or a few that belong together, precise enough to break with a single call, with
      numbers; how something is computed is no rule and stands in the operation's description. They
      speak of the data only, not of users' intentions. `depends` lists the facts that a rule looks
      at (`Loan.status`, `today`); an operation returns each of them, and one of them can change.
    - Operations are what a member of staff or a user of the system would call. Every entity can be
      found by a human description (name, status, date) and not only by id. Parameters hold ids,
      numbers, dates, texts or lists of them; say what an optional one that is left out means, how
      texts are compared and how amounts are rounded.
    - An operation says in `returns` which keys the `data` of a success has; the name of an entity
      stands for all its attributes, and `many` makes it a list of such objects, whose order the
      description gives. A change returns the ids it made and what a user would want confirmed.
      Every attribute is returned by some query.
    - `writes` lists all that a success may change: `Loan.status`, `Loan` when records are added or
      removed, a scalar by its name. Queries write nothing.
    - `errors` lists the refusals, each as `code: clause`, such as
      "loan_not_found: no loan has this id", one for each rule in `rules` too; the refusal of wrong
      types is understood and not listed. Every rule belongs to at least one operation. When several
      refusals apply, the one listed first is given.
    """

    summary: str = dspy.InputField()
    introduction: str = dspy.InputField()
    tasks: list[str] = dspy.InputField(desc="texts of the kind that agents will be given")
    size: str = dspy.InputField(desc="how many operations, rules and entities are wanted")
    class_name: str = dspy.OutputField(desc="PascalCase")
    entities: list[Entity] = dspy.OutputField()
    scalars: list[Attribute] = dspy.OutputField()
    rules: list[BusinessRule] = dspy.OutputField(desc="ids R1, R2, …")
    operations: list[Operation] = dspy.OutputField()


class RepairPlan(dspy.Signature):
    """Mend the plan of an environment: every listed problem solved, all else as it is.

    Give only the entities, scalars, rules and operations that are new or changed, each of them
    whole: they take the place of those of the same name or id. List the names of those to drop.
    """

    plan: str = dspy.InputField()
    problems: list[str] = dspy.InputField()
    entities: list[Entity] = dspy.OutputField()
    scalars: list[Attribute] = dspy.OutputField()
    rules: list[BusinessRule] = dspy.OutputField()
    operations: list[Operation] = dspy.OutputField()
    drop: list[str] = dspy.OutputField(desc="names or ids; usually empty")
