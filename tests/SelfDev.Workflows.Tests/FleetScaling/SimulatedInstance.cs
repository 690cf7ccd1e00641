using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>
/// An instance and the router before it, which asks every 15 s which instances drain and sends those nothing more.
/// Until it has asked, and whenever an instance is open, requests may come at any moment.
/// </summary>
internal sealed class SimulatedInstance(string name, VirtualTime time, Random random)
{
    private static readonly TimeSpan RouterTime = TimeSpan.FromSeconds(15);

    private TimeSpan? _toldAt;
    private bool _isClosed;

    public string Name => name;

    /// <value>Whether it has come up.</value>
    public bool IsReady { get; set; }

    public bool IsProtected { get; set; }

    /// <value>When a client last tried to change that, or its change was done; far ahead while it is under way.</value>
    public TimeSpan ChangedAt { get; set; } = TimeSpan.MinValue;

    /// <value>Since when a person protects it; null where none does.</value>
    public TimeSpan? KeptAt { get; set; }

    public bool IsKept => KeptAt is not null;

    /// <value>Whether routers are told to send it nothing more.</value>
    public bool IsDraining => _toldAt is not null;

    /// <value>Requests on it when it was last counted.</value>
    public int Running { get; private set; }

    /// <value>Whether no request can be on it.</value>
    public bool IsIdle => _isClosed && Running == 0;

    public FleetInstance Listed => new(name, name, "Succeeded") { IsProtected = IsProtected };

    /// <summary>What the workflow tells routers.</summary>
    public void Tell(bool isDraining)
    {
        _toldAt = isDraining ? _toldAt ?? time.Elapsed : null;
        _isClosed &= isDraining;
    }

    /// <summary>Counts the requests: of a closed one they only end.</summary>
    public void Count()
    {
        var wasClosed = _isClosed;
        _isClosed = time.Elapsed - _toldAt >= RouterTime;
        Running = wasClosed ? Math.Max(0, Running - random.Next(4)) : random.Next(6);
    }
}
