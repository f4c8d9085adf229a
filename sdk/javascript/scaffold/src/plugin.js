// The node type `my-plugin`: a greeting that becomes a ConfigMap. What each
// function is for is in bowsprit/wit/bowsprit-plugin/0.1/node-types.wit.

const CONFIG_MAP = { group: "", version: "v1", kind: "ConfigMap" };

// The form.
const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "My plugin",
  type: "object",
  required: ["name", "greeting"],
  properties: {
    name: {
      type: "string",
      title: "Name",
      description: "Name of the object in the cluster.",
      default: "my-plugin",
      maxLength: 253,
      "x-order": 1,
    },
    namespace: {
      type: "string",
      title: "Namespace",
      description: "Where the object lives.",
      default: "default",
      maxLength: 63,
      "x-order": 2,
    },
    greeting: {
      type: "string",
      title: "Greeting",
      description: "What is said.",
      default: "Hello",
      "x-order": 3,
    },
  },
};

export const nodeTypes = careful({
  // How it looks in the palette, in the form and on the canvas.
  describe() {
    return [
      {
        name: "my-plugin",
        title: "My plugin",
        description: "Keeps a greeting that workloads read as a file.",
        category: "configuration",
        icon: "MessageSquare",
        tags: ["greeting"],
        schemaVersion: 1,
        schema: json(SCHEMA),
        handles: [
          { id: "output", direction: "outgoing", roles: ["mounts"], perItem: null, atMost: null },
        ],
        connections: [{ role: "mounts", to: ["deployment", "statefulset"] }],
        produces: [CONFIG_MAP],
      },
    ];
  },

  // The data of a node just dropped on the canvas.
  create(type, id, suggestedName, context) {
    return json({
      name: suggestedName || id,
      namespace: context.namespace || "default",
      greeting: "Hello",
    });
  },

  // The data in its current shape: here is where older shapes are understood.
  normalize(node) {
    return [json(JSON.parse(node.data)), []];
  },

  // What nodes it is connected to may know.
  publicView(node) {
    const { name, namespace } = read(node);
    const view = { kind: "ConfigMap", labels: labels(name, []), name, provides: ["mounts"] };
    return json(namespace ? { ...view, namespace } : view);
  },

  validate(node, context) {
    return faults(node);
  },

  // The node's objects.
  render(node, context) {
    const findings = faults(node);
    if (findings.length > 0) throw { tag: "invalid-input", val: findings };
    const { name, namespace, greeting } = read(node);
    const body = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name,
        namespace: namespace || context.namespace || "default",
        labels: labels(name, context.identityLabels),
      },
      data: { greeting },
    };
    const manifest = {
      localId: "greeting",
      body: json(body),
      order: "configuration",
      wait: "existence",
      prune: "delete",
      onImmutable: "ask",
      yields: [],
    };
    return { manifests: [manifest], findings: [] };
  },

  // What `status` wants to see of the cluster.
  observe(node, context) {
    const { name, namespace } = read(node);
    return [
      {
        kind: CONFIG_MAP,
        namespace,
        name,
        selector: null,
        withPods: false,
        withEvents: false,
      },
    ];
  },

  // How the node is doing.
  status(node, answers, at, previous) {
    const answer = answers[0] ?? { tag: "unavailable", val: "nothing was asked" };
    if (answer.tag !== "objects") {
      return status("unknown", "Unknown", `The cluster does not tell: ${answer.val}`, "unknown");
    }
    if (answer.val.some((it) => JSON.parse(it).kind === "ConfigMap")) {
      return status("healthy", "Created", "It is in the cluster.", "created");
    }
    return previous?.state === "healthy" || previous?.state === "deleted"
      ? status("deleted", "Deleted", "It is no longer in the cluster.", "deleted")
      : status("pending", "NotCreated", "It is not in the cluster yet.", "pending");
  },
});

// A mistake in this code is answered with its text and its place; thrown as it
// is, it would only end the call, and nobody would learn more.
function careful(functions) {
  const guarded = (call) => (...given) => {
    try {
      return call(...given);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw { tag: "internal", val: `${error}\n${error.stack}` };
    }
  };
  return Object.fromEntries(Object.entries(functions).map(([name, it]) => [name, guarded(it)]));
}

// What the user entered. A node without a name is called like its id.
function read(node) {
  const { name, namespace, greeting } = JSON.parse(node.data);
  return {
    name: String(name || node.id),
    namespace: namespace ? String(namespace) : null,
    greeting,
  };
}

// What keeps the node from being applied.
function faults(node) {
  const { name, greeting } = read(node);
  const found = [];
  const fault = (field, what, message, suggestion) =>
    found.push({
      code: `my-plugin.${field}.${what}`,
      severity: "error",
      message,
      node: node.id,
      at: `/${field}`,
      suggestion,
      fixes: [],
    });
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || name.length > 253) {
    fault("name", "invalid", "The name is none for an object.", "Use a-z, 0-9, `-` and `.`.");
  }
  if (typeof greeting !== "string" || greeting === "") {
    fault("greeting", "missing", "`greeting` is missing.", "Fill in `greeting`.");
  }
  return found;
}

// The label `app`, if the name is not too long for a label, and those by which
// the host finds its objects.
function labels(name, identity) {
  const app = name.length > 63 ? {} : { app: name };
  return { ...app, ...Object.fromEntries(identity) };
}

function status(state, reason, message, card) {
  return {
    state,
    reason,
    message,
    ready: null,
    desired: null,
    addresses: [],
    findings: [],
    card: json({ message, state: card }),
    marks: "{}",
  };
}

// Equal values have to be equal bytes: keys are sorted.
function json(value) {
  return JSON.stringify(value, (_, it) =>
    it && typeof it === "object" && !Array.isArray(it)
      ? Object.fromEntries(Object.entries(it).sort(([a], [b]) => (a < b ? -1 : 1)))
      : it,
  );
}
