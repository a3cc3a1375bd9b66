// The Solidity compiler (npm `solc`, WebAssembly) behind the command line of a native `solc`, as far as forge, Ape,
// slither and py-solc-x use it: `--version`, and `--standard-json` read from stdin or a file, with base, include and
// allowed paths. No linking and no combined-json output.
"use strict";

const fs = require("fs");
const path = require("path");

function fail(message) {
  process.stderr.write(`solc: ${message}\n`);
  process.exit(1);
}

function parse(argv) {
  const options = { base: null, includes: [], allowed: [], remappings: [], input: null, mode: null };
  for (let i = 0; i < argv.length; i++) {
    let [name, value] = argv[i].startsWith("--") ? splitOnce(argv[i], "=") : [argv[i], null];
    const next = () => {
      if (value !== null) return value;
      if (++i >= argv.length) fail(`option ${name} needs a value`);
      return argv[i];
    };
    switch (name) {
      case "--version":
      case "--help":
        options.mode = name.slice(2);
        break;
      case "--standard-json":
        options.mode = "standard-json";
        if (value !== null) options.input = value;
        break;
      case "--base-path":
        options.base = path.resolve(next());
        break;
      case "--include-path":
        options.includes.push(path.resolve(next()));
        break;
      case "--allow-paths":
        options.allowed.push(...next().split(",").filter(Boolean).map((p) => path.resolve(p)));
        break;
      case "--pretty-json":
      case "--no-color":
        break;
      case "-":
        break;
      default:
        if (name.startsWith("-")) fail(`option ${name} is not supported by this wrapper`);
        if (argv[i].includes("=")) options.remappings.push(argv[i]);
        else options.input = argv[i];
    }
  }
  return options;
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

// Like the native compiler, imports are read only below the base path, an include path, an allowed path or the folder
// of a source the input names: a hostile source must not read the rest of the disk into an error message.
function reader(options, sourceNames) {
  const base = options.base ?? process.cwd();
  const roots = [base, ...options.includes];
  // Ape compiles in a copy that holds contracts/src alone: packages are then read from this checkout.
  const packages = path.join("contracts", "node_modules") + path.sep;
  const checkout = path.resolve(__dirname, "..", "..");
  const named = sourceNames.filter((n) => path.isAbsolute(n)).map((n) => path.dirname(n));
  const allowed = [...roots, ...options.allowed, ...named, path.join(checkout, packages)].map(realpath);
  return (request) => {
    const name = request.replace(/^file:\/\//, "");
    const candidates = path.isAbsolute(name) ? [name] : roots.map((root) => path.join(root, name));
    const found = [...new Set(candidates)].filter((file) => fs.existsSync(file));
    const spare = path.join(checkout, name);
    if (found.length === 0 && name.startsWith(packages) && fs.existsSync(spare)) found.push(spare);
    if (found.length === 0) return { error: `File not found: ${name}` };
    if (found.length > 1) return { error: `Ambiguous import: ${name} is in ${found.join(" and ")}` };
    const file = realpath(found[0]);
    if (!allowed.some((root) => file === root || file.startsWith(root.endsWith(path.sep) ? root : root + path.sep)))
      return { error: `File outside of allowed directories: ${name}` };
    return { contents: fs.readFileSync(file, "utf8") };
  };
}

function realpath(file) {
  try {
    return fs.realpathSync(file);
  } catch {
    return path.resolve(file);
  }
}

const options = parse(process.argv.slice(2));
// The package's own package.json has the version without loading 9 MB of WebAssembly.
const compilerVersion = () => require("solc").version().replace(/\.Emscripten\.clang$/, ".Linux.g++");

if (options.mode === "version") {
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${compilerVersion()}\n`,
  );
} else if (options.mode === "help") {
  process.stdout.write("Usage: solc --version | --standard-json [FILE] [--base-path P] [--include-path P] [--allow-paths P,...]\n");
} else if (options.mode === "standard-json") {
  const text = fs.readFileSync(options.input ?? 0, "utf8");
  let input;
  try {
    input = JSON.parse(text);
  } catch (error) {
    fail(`the standard-json input is not JSON: ${error.message}`);
  }
  if (options.remappings.length > 0) {
    input.settings ??= {};
    input.settings.remappings = [...(input.settings.remappings ?? []), ...options.remappings];
  }
  // soljson resolves no `urls`: read them here, so that sources given by name alone compile too.
  const read = reader(options, Object.keys(input.sources ?? {}));
  for (const source of Object.values(input.sources ?? {})) {
    if (source.content !== undefined || !Array.isArray(source.urls)) continue;
    for (const url of source.urls) {
      const result = read(url);
      if (result.contents !== undefined) {
        source.content = result.contents;
        break;
      }
    }
  }
  const output = require("solc").compile(JSON.stringify(input), { import: read });
  fs.writeSync(1, "");
  process.stdout.write(output + "\n");
} else {
  fail("only --version and --standard-json are supported by this wrapper");
}
