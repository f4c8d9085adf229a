"""The node type `my-plugin`: a greeting that becomes a ConfigMap. What each
function is for is in bowsprit/wit/bowsprit-plugin/0.1/node-types.wit."""

import json
import re

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.node_types import (
    Manifest,
    NodeStatus,
    OnImmutable,
    Order,
    Prune,
    Rendered,
    State,
    WaitFor,
    Watch,
)
from wit_world.imports.types import (
    Answer_Objects,
    Connection,
    Descriptor,
    Direction,
    Failure_InvalidInput,
    Finding,
    Handle,
    Kind,
    Severity,
)

CONFIG_MAP = Kind("", "v1", "ConfigMap")

# The form.
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "My plugin",
    "type": "object",
    "required": ["name", "greeting"],
    "properties": {
        "name": {
            "type": "string",
            "title": "Name",
            "description": "Name of the object in the cluster.",
            "default": "my-plugin",
            "maxLength": 253,
            "x-order": 1,
        },
        "namespace": {
            "type": "string",
            "title": "Namespace",
            "description": "Where the object lives.",
            "default": "default",
            "maxLength": 63,
            "x-order": 2,
        },
        "greeting": {
            "type": "string",
            "title": "Greeting",
            "description": "What is said.",
            "default": "Hello",
            "x-order": 3,
        },
    },
}


class NodeTypes(exports.NodeTypes):
    def describe(self):
        """How it looks in the palette, in the form and on the canvas."""
        return [
            Descriptor(
                name="my-plugin",
                title="My plugin",
                description="Keeps a greeting that workloads read as a file.",
                category="configuration",
                icon="MessageSquare",
                tags=["greeting"],
                schema_version=1,
                schema=text(SCHEMA),
                handles=[Handle("output", Direction.OUTGOING, ["mounts"], None, None)],
                connections=[Connection("mounts", ["deployment", "statefulset"])],
                produces=[CONFIG_MAP],
            )
        ]

    def create(self, type, id, suggested_name, context):
        """The data of a node just dropped on the canvas."""
        return text(
            {
                "name": suggested_name or id,
                "namespace": context.namespace or "default",
                "greeting": "Hello",
            }
        )

    def normalize(self, node):
        """The data in its current shape: here is where older shapes are
        understood."""
        return text(json.loads(node.data)), []

    def public_view(self, node):
        """What nodes it is connected to may know."""
        name, namespace, _ = read(node)
        view = {"kind": "ConfigMap", "labels": labels(name, []), "name": name}
        if namespace:
            view["namespace"] = namespace
        return text({**view, "provides": ["mounts"]})

    def validate(self, node, context):
        return faults(node)

    def render(self, node, context):
        """The node's objects."""
        findings = faults(node)
        if findings:
            raise Err(Failure_InvalidInput(findings))
        name, namespace, greeting = read(node)
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "namespace": namespace or context.namespace or "default",
                "labels": labels(name, context.identity_labels),
            },
            "data": {"greeting": greeting},
        }
        manifest = Manifest(
            local_id="greeting",
            body=text(body),
            order=Order.CONFIGURATION,
            wait=WaitFor.EXISTENCE,
            prune=Prune.DELETE,
            on_immutable=OnImmutable.ASK,
            yields=[],
        )
        return Rendered([manifest], [])

    def observe(self, node, context):
        """What `status` wants to see of the cluster."""
        name, namespace, _ = read(node)
        return [Watch(CONFIG_MAP, namespace, name, None, False, False)]

    def status(self, node, answers, at, previous):
        """How the node is doing."""
        answer = answers[0] if answers else None
        if not isinstance(answer, Answer_Objects):
            why = answer.value if answer else "nothing was asked"
            return status(
                State.UNKNOWN, "Unknown", f"The cluster does not tell: {why}", "unknown"
            )
        if any(json.loads(it).get("kind") == "ConfigMap" for it in answer.value):
            return status(State.HEALTHY, "Created", "It is in the cluster.", "created")
        if previous and previous.state in (State.HEALTHY, State.DELETED):
            return status(
                State.DELETED, "Deleted", "It is no longer in the cluster.", "deleted"
            )
        return status(
            State.PENDING, "NotCreated", "It is not in the cluster yet.", "pending"
        )


def read(node):
    """What the user entered. A node without a name is called like its id."""
    data = json.loads(node.data)
    name, namespace = data.get("name") or node.id, data.get("namespace")
    return str(name), str(namespace) if namespace else None, data.get("greeting")


def faults(node):
    """What keeps the node from being applied."""
    name, _, greeting = read(node)
    found = []

    def fault(field, what, message, suggestion):
        found.append(
            Finding(
                code=f"my-plugin.{field}.{what}",
                severity=Severity.ERROR,
                message=message,
                node=node.id,
                at=f"/{field}",
                suggestion=suggestion,
                fixes=[],
            )
        )

    if not re.fullmatch("[a-z0-9]([-a-z0-9.]*[a-z0-9])?", name) or len(name) > 253:
        fault(
            "name", "invalid", "The name is none for an object.", "Use a-z, 0-9, `-` and `.`."
        )
    if not isinstance(greeting, str) or not greeting:
        fault("greeting", "missing", "`greeting` is missing.", "Fill in `greeting`.")
    return found


def labels(name, identity):
    """The label `app`, if the name is not too long for a label, and those by
    which the host finds its objects."""
    app = {"app": name} if len(name) <= 63 else {}
    return {**app, **dict(identity)}


def status(state, reason, message, card):
    return NodeStatus(
        state=state,
        reason=reason,
        message=message,
        ready=None,
        desired=None,
        addresses=[],
        findings=[],
        card=text({"message": message, "state": card}),
        marks="{}",
    )


def text(value):
    """JSON; equal values have to be equal bytes, so keys are sorted."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
