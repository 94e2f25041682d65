// The native library of this machine: what Cargo calls it, and what the package does.

const LIBRARIES = {
  'linux-x64': { target: 'linux-x64-gnu', built: 'libbeproduct_node.so' },
};

const host = `${process.platform}-${process.arch}`;
if (!Object.hasOwn(LIBRARIES, host)) throw new Error(`no package is made for ${host} yet`);

export const { target, built } = LIBRARIES[host];
export const file = `beproduct-client.${target}.node`;
