"""The matcher that every check runs: does a final state carry out the task, and nothing else?

This file is generated code's own kind: it is never imported by the host for grading, its text is
put into each check's source (`rendering.py`) and runs in sealed workers, or anywhere as upstream's
`check_func`. So it imports nothing and needs no shim.

A specification holds `goals` (how many), `guards`, `answer`, and `outcomes`: lists of changes
(path, kind, value, goal, made, loose) from the initial state, see `records.Change`.
"""


def same(left, right):
    """Equality of JSON values: numbers by value, but True is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def look(state, path):
    """(whether a value stands at the path, the value)."""
    for key in path:
        if not isinstance(state, dict) or key not in state:
            return False, None
        state = state[key]
    return True, state


def differences(old, new, path):
    """The paths where two states differ; an added or removed key is one path."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in sorted(old.keys() | new.keys()):
            if key in old and key in new:
                found += differences(old[key], new[key], [*path, key])
            else:
                found.append([*path, key])
        return found
    return [] if same(old, new) else [path]


def renamed(value, names):
    """A copy with every string, keys included, that stands in `names` replaced."""
    if isinstance(value, dict):
        return {names.get(key, key): renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def content(value, colours, loose, path):
    """A comparable text of a record in which made keys stand for their colour."""
    if path in loose:
        return "~"
    if isinstance(value, dict):
        inner = [
            [str(colours.get(key, key)), content(item, colours, loose, path + "." + key)]
            for key, item in value.items()
        ]
        return repr(sorted(inner))
    if isinstance(value, list):
        return repr([content(item, colours, loose, path + "[]") for item in value])
    if isinstance(value, float) and value % 1 == 0:
        value = int(value)
    return repr(colours[value]) if isinstance(value, str) and value in colours else repr(value)


def bind(wanted, found):
    """Pairs keys made by the system in two states by what their records hold.

    `wanted` and `found` map a key to (collection, record, loose sub-paths). Both sides are
    coloured together: a key's colour is its collection and its record's content, in which other
    made keys count by their colour, refined until nothing changes (Weisfeiler and Leman 1968).
    Equal colours are paired first; what is left is paired by the most equal fields.
    """
    colours = [{key: "?" + side[key][0] for key in side} for side in (wanted, found)]
    for _ in range(len(wanted) + 1):
        texts = [
            {key: side[key][0] + content(side[key][1], colour, side[key][2], "") for key in side}
            for side, colour in zip((wanted, found), colours)
        ]
        ranks = sorted({text for side in texts for text in side.values()})
        colours = [{key: "?" + str(ranks.index(side[key])) for key in side} for side in texts]
    names, free = {}, dict(colours[0])
    for key, colour in sorted(colours[1].items()):
        twin = [name for name in sorted(free) if free[name] == colour]
        if twin:
            names[key] = twin[0]
            del free[twin[0]]
    for key in sorted(found):
        rivals = [name for name in sorted(free) if wanted[name][0] == found[key][0]]
        if key not in names and rivals:
            best = max(rivals, key=lambda name: likeness(wanted[name][1], found[key][1]))
            names[key] = best
            del free[best]
    return names


def likeness(left, right):
    if not isinstance(left, dict) or not isinstance(right, dict):
        return 0
    return sum(1 for key in left if key in right and same(left[key], right[key]))


def names_of(changes, initial, final):
    """How the keys made in `final` are called in the outcome."""
    wanted, found, chosen = {}, {}, set()
    for path, kind, value, _, made, loose in changes:
        if kind == "add" and made:
            masks = {"." + key if key else "" for key in loose}
            wanted[path[-1]] = (repr(path[:-1]), value, masks)
        elif kind == "add":
            chosen.add(path[-1])
    masks = {}
    for collection, _, mask in wanted.values():
        masks[collection] = masks.get(collection, set()) | mask
    for collection in {tuple(change[0][:-1]) for change in changes if change[4]}:
        before, after = look(initial, collection)[1], look(final, collection)[1]
        for key in after if isinstance(after, dict) else {}:
            if key not in chosen and not (isinstance(before, dict) and key in before):
                label = repr(list(collection))
                found[key] = (label, after[key], masks.get(label, set()))
    return bind(wanted, found)


def fits(value, rule):
    """Whether a value obeys a rule that stands in place of equality."""
    kind, given = rule["kind"], rule["values"]
    if kind == "one_of":
        return any(same(value, item) for item in given)
    if kind == "text":
        text = value.casefold() if isinstance(value, str) else ""
        return bool(text.strip()) and all(str(word).casefold() in text for word in given)
    if kind == "between":
        low, high = given
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if isinstance(low, str):
            return isinstance(value, str) and len(value) == len(low) and low <= value <= high
        return number and low <= value <= high
    signs = given[0] if given else ""
    return isinstance(value, str) and len(value) == len(signs) and all(map(sign_fits, value, signs))


def sign_fits(char, sign):
    if sign == "0":
        return char.isdigit()
    if sign == "a":
        return char.isdigit() or char.islower()
    return char.isupper() if sign == "A" else char == sign


def agrees(value, wanted, loose, path):
    """Deep equality, except where a rule stands for the sub-path."""
    if path in loose:
        return fits(value, loose[path])
    if isinstance(wanted, dict) and isinstance(value, dict):
        return wanted.keys() == value.keys() and all(
            agrees(value[key], wanted[key], loose, path + "." + key if path else key)
            for key in wanted
        )
    return same(value, wanted)


def holds(change, initial, final):
    path, kind, value, _, _, loose = change
    there, now = look(final, path)
    if kind == "remove":
        return not there
    if kind == "keep":
        was_there, before = look(initial, path)
        return there == was_there and same(now, before)
    return there and agrees(now, value, loose, "")


def judge(specification, changes, initial, final):
    """(goals, frame) of a final state against one outcome."""
    names = names_of(changes, initial, final)
    owned = [change[0] for change in changes]
    frame = all(
        any(renamed(path, names)[: len(own)] == own for own in owned)
        for path in differences(initial, final, [])
    )
    goals, final = [True] * specification["goals"], renamed(final, names)
    for change in changes:
        if not holds(change, initial, final):
            goals[change[3]] = False
    return goals, frame


def resolves(guard, state):
    """Whether every reference of a collection's attribute is a key of its target."""
    collection, attribute, target = guard
    for record in state.get(collection, {}).values():
        given = record.get(attribute) if isinstance(record, dict) else None
        for key in given if isinstance(given, list) else [given]:
            if key is not None and key not in state.get(target, {}):
                return False
    return True


def answers(wanted, given):
    """Whether a submitted answer is the expected one: text without case or outer white space."""
    if isinstance(wanted, str) and isinstance(given, str):
        return " ".join(wanted.casefold().split()) == " ".join(given.casefold().split())
    return same(wanted, given)


def grade(specification, initial, final, answer):
    """The verdict of the outcome that gives the highest reward."""
    guards = all(resolves(guard, final) for guard in specification["guards"])
    best = None
    for changes in specification["outcomes"]:
        goals, frame = judge(specification, changes, initial, final)
        if specification["answer"] is not None:
            goals = [*goals, answers(specification["answer"], answer)]
        reward = sum(goals) / len(goals) if frame and guards else 0.0
        verdict = {"reward": reward, "goals": goals, "guards": guards, "frame": frame}
        rank = (reward, frame, sum(goals))
        if best is None or rank > best[0]:
            best = (rank, verdict)
    return best[1]
