using SelfDev.Core.Ledger;

namespace SelfDev.Local.Hosting;

/// <summary>Keys that signed heads of this host's ledger are checked with.</summary>
internal sealed record LedgerPublicKeys(LedgerKeys Keys);
