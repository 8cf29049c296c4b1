"""What changes from one version of the policies to the next: which policy, which key, from what to what."""

from collections.abc import Iterator, Mapping

from grants.policy import ApprovalPolicy, EligibilityPolicy, PolicyBook
from grants.policy_text import Tree, policy_tree, settings_tree, written

Policy = EligibilityPolicy | ApprovalPolicy


def differences(before: PolicyBook, after: PolicyBook) -> list[str]:
    """A line for each: `added eligibility …`, `changed settings: max_duration from 9h to 4h`."""
    return [
        *_keys("settings", settings_tree(before.settings), settings_tree(after.settings)),
        *_policies("eligibility", before.eligibility, after.eligibility),
        *_policies("approval", before.approval, after.approval),
    ]


def _policies(kind: str, before: tuple[Policy, ...], after: tuple[Policy, ...]) -> Iterator[str]:
    old = {policy.name: policy_tree(policy) for policy in before}
    new = {policy.name: policy_tree(policy) for policy in after}
    for name, tree in new.items():
        if name not in old:
            yield f"added {kind} {name}: {written(_unnamed(tree))}"
        else:
            yield from _keys(f"{kind} {name}", old[name], tree)
    for name, tree in old.items():
        if name not in new:
            yield f"removed {kind} {name}: {written(_unnamed(tree))}"
    if list(old) != list(new) and sorted(old) == sorted(new):
        yield f"changed the order of {kind}"


def _keys(
    about: str, before: Mapping[str, Tree | None], after: Mapping[str, Tree | None]
) -> Iterator[str]:
    for key in dict.fromkeys((*before, *after)):
        old, new = written(before.get(key)), written(after.get(key))
        if old != new:
            yield f"changed {about}: {key} from {old or 'nothing'} to {new or 'nothing'}"


def _unnamed(tree: Mapping[str, Tree | None]) -> dict[str, Tree | None]:
    return {key: value for key, value in tree.items() if key != "name"}
