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


def plainly(left, right):
    """Whether equal lists or dicts are the same at a glance: in order, type for type."""
    if isinstance(left, dict):
        if list(left) != list(right):
            return False
        left, right = left.values(), right.values()
    kinds = list(map(type, left))
    if kinds != list(map(type, right)):
        return False
    holders = dict in kinds or list in kinds
    return not holders or all(
        plainly(a, b) for a, b in zip(left, right) if isinstance(a, (dict, list))
    )


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
        if old == new and plainly(old, new):
            return []
        found = []
        for key in sorted(old.keys() | new.keys()):
            if key in old and key in new:
                found += differences(old[key], new[key], [*path, key])
            else:
                found.append([*path, key])
        return found
    return [] if same(old, new) else [path]


def mentions(value, keys, masks, path):
    """(made key, where) for every place in a value that names a made key."""
    if path in masks:
        return []
    found = []
    if isinstance(value, dict):
        for key, item in value.items():
            named = key in keys
            found += [(key, path + ".")] if named else []
            found += mentions(item, keys, masks, path + "." + ("" if named else key))
    elif isinstance(value, list):
        for n, item in enumerate(value):
            found += mentions(item, keys, masks, path + "[" + str(n) + "]")
    elif isinstance(value, str) and value in keys:
        found.append((value, path))
    return found


def content(value, words, masks, path):
    """A comparable text of a value in which made keys stand for their words."""
    if path in masks:
        return "~"
    if isinstance(value, dict):
        inner = [
            repr(words.get(key, key)) + ":" + content(item, words, masks, path + "." + key)
            for key, item in value.items()
        ]
        return "{" + ",".join(sorted(inner)) + "}"
    if isinstance(value, list):
        return "[" + ",".join([content(item, words, masks, path + "[]") for item in value]) + "]"
    if isinstance(value, float) and value % 1 == 0:
        value = int(value)
    return repr(words.get(value, value) if isinstance(value, str) else value)


def described(side, colours, masks):
    """For each made record a text of its colour, what it holds and where it is named."""
    words = {}
    for place in sorted(colours):
        words[place[1]] = words.get(place[1], "?") + colours[place] + "?"
    named = {key: [] for key in words}
    for path, value in side["rest"]:
        for key, where in mentions(value, words, (), repr(path)):
            named[key].append(where)
    for place, (value, _) in side["made"].items():
        for key, where in mentions(value, words, masks[place[0]], ""):
            named[key].append(colours[place] + where)
    return {
        place: repr(
            [colours[place], content(value, words, masks[place[0]], ""), sorted(named[place[1]])]
        )
        for place, (value, _) in side["made"].items()
    }


def refined(sides, colours, masks):
    """Colours split by content and by mentions until nothing changes; paired ones stay."""
    count = 0
    while True:
        texts = [described(side, own, masks) for side, own in zip(sides, colours)]
        ranks = {
            text: str(n) for n, text in enumerate(sorted({t for d in texts for t in d.values()}))
        }
        colours = [
            {p: own[p] if own[p][0] == "=" else ranks[text[p]] for p in text}
            for own, text in zip(colours, texts)
        ]
        if len(ranks) == count:
            return colours
        count = len(ranks)


def bind(sides, masks):
    """Pairs the made records of a final state with those of an outcome: place by place.

    Both sides are coloured together: a record's colour is what it holds and where it is named,
    made keys counting by their colours (Weisfeiler and Leman 1968). Records that are alone with
    their colour are a pair; among equal ones any two are, and the colours are refined again.
    What no colour unites is paired by the most equal fields.
    """
    wanted, found = sides[0]["made"], sides[1]["made"]
    colours = [{place: repr(place[0]) for place in side["made"]} for side in sides]
    pairs, fresh = {}, True
    while True:
        tie = None
        for colour in sorted(set(colours[0].values())):
            left = [p for p in sorted(wanted) if colours[0][p] == colour]
            right = [p for p in sorted(found) if colours[1][p] == colour and p not in pairs]
            if len(left) == len(right) == 1:
                pair_up(pairs, colours, left[0], right[0])
            elif left and right:
                tie = tie or (left, right)
        if tie is None:
            break
        if not fresh:
            pair_up(pairs, colours, *likeliest(tie, wanted, found, masks))
        colours, fresh = refined(sides, colours, masks), False
    for place in sorted(found):
        rivals = [p for p in sorted(wanted) if p[0] == place[0] and p not in pairs.values()]
        if place not in pairs and rivals:
            pairs[place] = max(rivals, key=lambda p: likeness(wanted[p][0], found[place][0]))
    return pairs


def pair_up(pairs, colours, wanted, found):
    pairs[found] = wanted
    colours[0][wanted] = colours[1][found] = "=" + str(len(pairs))


def likeliest(tie, wanted, found, masks):
    """Two of the records with one colour; loosened fields decide which can go together."""
    left, right = tie
    fitting = {p: [q for q in right if suits(found[q], wanted[p], masks[p[0]])] for p in left}
    one = min(left, key=lambda p: len(fitting[p]) or len(right) + 1)
    return one, min(
        fitting[one] or right, key=lambda q: sum(q in others for others in fitting.values())
    )


def suits(found, wanted, masks):
    """Whether a record obeys another one where only rules tell records apart."""
    for mask in sorted(masks):
        path, rule = mask.split(".")[1:], wanted[1].get(mask[1:])
        value = look(found[0], path)[1]
        if not (fits(value, rule) if rule else same(value, look(wanted[0], path)[1])):
            return False
    return True


def likeness(left, right):
    if not isinstance(left, dict) or not isinstance(right, dict):
        return 0
    return sum(1 for key in left if key in right and same(left[key], right[key]))


def names_of(changes, initial, final, changed):
    """How keys made in `final` are called in the outcome, and the other way round.

    Both dicts go from (collection, key), and for use inside values from the key alone.
    """
    sides = [{"made": {}, "rest": []}, {"made": {}, "rest": []}]
    for path, kind, value, _, made, loose in changes:
        if kind in ("add", "set"):
            note(sides[0], path, value, loose if made else None, kind == "add")
    collections = {place[0] for place in sides[0]["made"]}
    chosen = [change[0] for change in changes if change[1] == "add" and not change[4]]
    for path in changed:
        there, value = look(final, path)
        new = not look(initial, path)[0]
        made = new and tuple(path[:-1]) in collections and path not in chosen
        if there:
            note(sides[1], path, value, {} if made else None, new)
    masks = {}
    for place, (_, loose) in sides[0]["made"].items():
        own = {"." + key if key else "" for key in loose}
        masks[place[0]] = masks.get(place[0], set()) | own
    return both_ways(sides, bind(sides, masks))


def note(side, path, value, loose, new):
    if loose is not None:
        side["made"][(tuple(path[:-1]), path[-1])] = (value, loose)
    else:
        side["rest"].append((path[:-1], {path[-1]: value}) if new else (path, value))


def both_ways(sides, pairs):
    """A found key that has no partner never goes by the name of an outcome's key."""
    names, back = {}, {}
    for place in sorted(sides[1]["made"], key=lambda p: (p not in pairs, p)):
        taken = "?" + place[1]
        own = taken if place in sides[0]["made"] else place[1]
        names[place] = pairs[place][1] if place in pairs else own
        names.setdefault(place[1], names[place])
        back[place] = taken if place in pairs else own
    for place, partner in pairs.items():
        back[partner] = place[1]
        back.setdefault(partner[1], place[1])
    return names, back


def translated(path, names, initial):
    """A path in other words; keys that stood in the initial state keep theirs."""
    words, here = [], initial
    for n, key in enumerate(path):
        old = isinstance(here, dict) and key in here
        place = (tuple(path[:n]), key)
        words.append(key if old else names.get(place, names.get(key, key)))
        here = here[key] if old else None
    return words


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
            signs = "".join("0" if "0" <= sign <= "9" else sign for sign in low)
            return has_shape(value, signs) and low <= value <= high
        return number and low <= value <= high
    return has_shape(value, given[0] if given else "")


def has_shape(value, signs):
    return isinstance(value, str) and len(value) == len(signs) and all(map(sign_fits, value, signs))


def sign_fits(char, sign):
    if sign == "0":
        return "0" <= char <= "9"
    if sign == "a":
        return "0" <= char <= "9" or char.islower()
    return char.isupper() if sign == "A" else char == sign


def agrees(value, wanted, names, loose, path):
    """Deep equality under the names, except where a rule stands for the sub-path."""
    if path in loose:
        return fits(value, loose[path])
    if isinstance(wanted, dict) and isinstance(value, dict):
        called = {names.get(key, key): item for key, item in value.items()}
        return (
            len(called) == len(value)
            and called.keys() == wanted.keys()
            and all(
                agrees(called[key], wanted[key], names, loose, path + "." + key if path else key)
                for key in wanted
            )
        )
    if isinstance(wanted, list) and isinstance(value, list):
        return len(value) == len(wanted) and all(
            agrees(one, other, names, {}, "") for one, other in zip(value, wanted)
        )
    return same(names.get(value, value) if isinstance(value, str) else value, wanted)


def holds(change, initial, final, names, back):
    path, kind, value, _, _, loose = change
    place = translated(path, back, initial)
    (was_there, before), (there, now) = look(initial, path), look(final, place)
    if kind == "remove":
        return not there
    if kind == "keep":
        return there == was_there and same(now, before)
    return there and agrees(now, value, names, loose, "")


def judge(specification, changes, initial, final, changed):
    """(goals, frame) of a final state against one outcome."""
    names, back = names_of(changes, initial, final, changed)
    owned = [change[0] for change in changes]
    places = [translated(path, names, initial) for path in changed]
    frame = all(any(place[: len(own)] == own for own in owned) for place in places)
    goals = [True] * specification["goals"]
    for change in changes:
        if not holds(change, initial, final, names, back):
            goals[change[3]] = False
    return goals, frame


def resolves(guard, state):
    """Whether every reference of a collection's attribute is a key of its target."""
    collection, attribute, target = guard
    for record in state.get(collection, {}).values():
        given = record.get(attribute) if isinstance(record, dict) else None
        for key in given if isinstance(given, list) else [given]:
            known = isinstance(key, str) and key in state.get(target, {})
            if key is not None and not known:
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
    changed, best = differences(initial, final, []), None
    for changes in specification["outcomes"]:
        goals, frame = judge(specification, changes, initial, final, changed)
        if specification["answer"] is not None:
            goals = [*goals, answers(specification["answer"], answer)]
        reward = sum(goals) / len(goals) if frame and guards else 0.0
        verdict = {"reward": reward, "goals": goals, "guards": guards, "frame": frame}
        rank = (reward, frame, sum(goals))
        if best is None or rank > best[0]:
            best = (rank, verdict)
    return best[1]
