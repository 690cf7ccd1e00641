using SelfDev.Core.Ledger;

namespace SelfDev.Workflows.Ports;

/// <summary>
/// Remembers the ledger's newest head outside the ledger's own storage. A ledger that is put back to an earlier state
/// is whole in itself; only somebody who remembers more can tell.
/// </summary>
public interface IHeadWitness
{
    /// <returns>The newest head that was noted; null where none was. Only its size and root need be known.</returns>
    SignedTreeHead? LastSeen();

    /// <summary>Notes a head. Returns at once: what it takes to keep it may come a moment later.</summary>
    void Note(SignedTreeHead head);
}
