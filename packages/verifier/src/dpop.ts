/*
 * Proofs of possession (RFC 9449) as Curfew's own server checks them too. For whoever builds a verifier of
 * another kind; services use `createVerifier`, which asks for them by itself.
 */
export {
  checkProof,
  type Nonces,
  type ProofFault,
  type ProofOrder,
  type ProofVerdict,
  proofAlgorithms,
} from './dpop-proof.ts'
export { ProofMemory } from './proof-memory.ts'
