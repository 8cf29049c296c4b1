"""What changes from one version of the policies to the next: which policy, which key, from what to what."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from grants.policy import ApprovalPolicy, EligibilityPolicy, PolicyBook
from grants.policy_text import Thing, Tree, named, policy_tree, tree, written

Policy = EligibilityPolicy | ApprovalPolicy


def is_new(before: PolicyBook, after: PolicyBook) -> bool:
    """Whether applying it makes a version: the first always does, the same again does not."""
    return not before.version or replace(after, version=before.version) != before


def differences(before: PolicyBook, after: PolicyBook) -> list[str]:
    """A line for each: `added eligibility …`, `changed settings: max_duration from 9h to 4h`.

    Also where a name stays and means something else: policies decide by ids.
    """
    return [
        *_changes("settings", before.settings, after.settings),
        *_policies("eligibility", before.eligibility, after.eligibility),
        *_policies("approval", before.approval, after.approval),
    ]


def _policies(kind: str, before: tuple[Policy, ...], after: tuple[Policy, ...]) -> Iterator[str]:
    old = {policy.name: policy for policy in before}
    new = {policy.name: policy for policy in after}
    for name, policy in new.items():
        if name not in old:
            yield f"added {kind} {name}: {written(_unnamed(policy_tree(policy)))}"
        else:
            yield from _changes(f"{kind} {name}", old[name], policy)
    for name, policy in old.items():
        if name not in new:
            yield f"removed {kind} {name}: {written(_unnamed(policy_tree(policy)))}"
    if list(old) != list(new) and sorted(old) == sorted(new):
        yield f"changed the order of {kind}"


def _changes(about: str, before: Thing, after: Thing) -> Iterator[str]:
    old, new = tree(before), tree(after)
    for key in dict.fromkeys((*old, *new)):
        was, is_ = written(old.get(key)), written(new.get(key))
        if was != is_:
            yield f"changed {about}: {key} from {was or 'nothing'} to {is_ or 'nothing'}"
    yield from _meanings(about, before, after)


def _meanings(about: str, before: Thing, after: Thing) -> Iterator[str]:
    """Of the names that stay, those of something else: of a group made anew, say."""
    old = named(before)
    for (key, what), names in named(after).items():
        was = {each.name: each.id for each in old[key, what]}
        for name, now in {each.name: each.id for each in names}.items():
            if was.get(name, now) != now:
                yield (
                    f"changed {about}: {key}: {written(name)} is now another {what}"
                    f" (id {was[name]} → {now})"
                )


def _unnamed(tree: Mapping[str, Tree | None]) -> dict[str, Tree | None]:
    return {key: value for key, value in tree.items() if key != "name"}
