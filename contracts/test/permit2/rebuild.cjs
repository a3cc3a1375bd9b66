// Compiles Permit2 from its sources and writes permit2.json anew. Not part of set-up: the address that the bytecode lands on is
// made from the bytecode, so tests see whether it is the real one.
//
//   npm pack @uniswap/v4-periphery@1.0.3 solc@0.8.17, unpack both into one folder each, then
//   node contracts/test/permit2/rebuild.cjs V4_PERIPHERY/package/lib/permit2 SOLC/package/soljson.js
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const ours = createRequire(path.join(__dirname, "../../package.json"));
const [folder, compiler] = process.argv.slice(2).map((given) => path.resolve(given));
const solc = ours("solc/wrapper")(require(compiler));

const sources = {};
const wanted = ["src/Permit2.sol"];
while (wanted.length) {
  const name = wanted.pop();
  if (sources[name]) continue;
  const content = fs.readFileSync(path.join(folder, name), "utf8");
  sources[name] = { content };
  for (const [, target] of content.matchAll(/from "([^"]+)"/g)) {
    const relative = path.posix.join(path.posix.dirname(name), target);
    wanted.push(target.startsWith(".") ? relative : `lib/${target}`);
  }
}
const settings = {
  remappings: ["solmate/=lib/solmate/"],
  optimizer: { enabled: true, runs: 1000000 },
  metadata: { bytecodeHash: "none" },
  viaIR: true,
  evmVersion: "london",
  outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
};
const output = JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
const initCode = `0x${output.contracts["src/Permit2.sol"].Permit2.evm.bytecode.object}`;
delete settings.outputSelection;
const found = {
  contract: "Permit2",
  license: "MIT, Copyright (c) 2022 Uniswap Labs; see LICENSE",
  source: "npm @uniswap/v4-periphery@1.0.3, lib/permit2",
  compiler: { version: solc.version(), settings },
  factory: "0x4e59b44847b379578588920ca78fbf26c0b4956c",
  salt: "0x0000000000000000000000000000000000000000d3af2663da51c10215000000",
  address: "0x000000000022d473030f116ddee9f6b43ac78ba3",
  initCode,
};
fs.writeFileSync(path.join(__dirname, "permit2.json"), `${JSON.stringify(found, null, 1)}\n`);
