using System.Text.Json.Nodes;

namespace SelfDev.Core.Ledger;

/// <summary>One recorded step: an artifact taken in, findings, a diagnosis, a proposal, a decision, an
/// effect.</summary>
/// <param name="Key">Idempotency key, unique in the ledger.</param>
/// <param name="Type">One of <see cref="LedgerEntryTypes"/>.</param>
/// <param name="At">UTC, from the workflow's clock.</param>
/// <param name="InstanceId">The workflow instance.</param>
/// <param name="Actor">Who: a person's identity, or <c>selfdev</c>.</param>
/// <param name="Body">What, small: hashes and references, no log text.</param>
public sealed record LedgerEntry(
    string Key,
    string Type,
    DateTimeOffset At,
    string InstanceId,
    string Actor,
    JsonObject Body
);

/// <summary>The nouns of the corridor, as the ledger names them.</summary>
public static class LedgerEntryTypes
{
    public const string Artifact = "artifact";
    public const string Finding = "finding";
    public const string Diagnosis = "diagnosis";
    public const string Proposal = "proposal";
    public const string Decision = "decision";
    public const string Effect = "effect";

    /// <value>Something in storage is not as it was written.</value>
    public const string Tampering = "tampering";

    /// <value>Something was lost, and a person let the host go on without it.</value>
    public const string Loss = "loss";
}

/// <summary>A statement that the ledger had this root at this size, signed so that it cannot be taken back.</summary>
/// <param name="RootHash">Lower-case hex, RFC 6962.</param>
/// <param name="KeyId">Which key signed.</param>
/// <param name="Signature">Base64, ECDSA P-256 with SHA-256 over the checkpoint text.</param>
public sealed record SignedTreeHead(long TreeSize, string RootHash, DateTimeOffset At, string KeyId, string Signature);
