// Hashes with ethers and OpenZeppelin's merkle-tree what Parley hashed, for comparison.
// Reads one JSON object on stdin, writes one on stdout; see tests/differential/third.py.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../contracts/package.json", import.meta.url));
const { TypedDataEncoder, Wallet, keccak256, recoverAddress, toUtf8Bytes } = require("ethers");
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");

const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
};

const jobs = {
  typed({ domain, types, primaryType, message }) {
    const { EIP712Domain: _, ...structs } = types;
    return {
      digest: TypedDataEncoder.hash(domain, structs, message),
      struct: TypedDataEncoder.from(structs).hashStruct(primaryType, message),
      type: TypedDataEncoder.from(structs).encodeType(primaryType),
    };
  },
  signed({ digest, signature, key }) {
    return {
      address: recoverAddress(digest, signature).toLowerCase(),
      signature: new Wallet(key).signingKey.sign(digest).serialized,
    };
  },
  document(text) {
    const written = canonical(JSON.parse(text));
    return { canonical: written, hash: keccak256(toUtf8Bytes(written)) };
  },
  tree(hashes) {
    const tree = StandardMerkleTree.of(hashes.map((hash, at) => [at, hash]), ["uint32", "bytes32"]);
    return { root: tree.root, proofs: hashes.map((_, at) => tree.getProof(at)) };
  },
};

const request = JSON.parse(readFileSync(0, "utf8"));
const answer = {};
for (const [job, items] of Object.entries(request)) answer[job] = items.map(jobs[job]);
process.stdout.write(JSON.stringify(answer));
