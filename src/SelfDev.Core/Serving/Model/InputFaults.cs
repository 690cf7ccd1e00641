using System.Runtime.InteropServices;

namespace SelfDev.Core.Serving.Model;

/// <summary>What can be wrong with a request as it was logged. It is counted and reported, and the rest of the request
/// is used.</summary>
public enum InputFault
{
    /// <summary>No usage: its prompt is compared, its tokens are not booked.</summary>
    MissingUsage,

    /// <summary>A negative or impossible count: not booked either.</summary>
    NegativeUsage,

    /// <summary>A lone surrogate or malformed UTF-8, compared as it was written.</summary>
    BrokenText,

    /// <summary>A time before that of the request before it.</summary>
    ClockReversal,

    /// <summary>An id that is its own ancestor.</summary>
    CyclicId,
}

/// <summary>Counts input faults and where each first stood.</summary>
internal sealed class InputFaults
{
    private readonly Dictionary<InputFault, (long Count, RequestPlace First)> _faults = [];

    public IReadOnlyDictionary<InputFault, (long Count, RequestPlace First)> All => _faults;

    public void Count(InputFault fault, ServedRequest request)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_faults, fault, out var exists);
        known = exists ? (known.Count + 1, known.First) : (1, RequestPlace.Of(request));
    }

    public long Of(InputFault fault) => _faults.TryGetValue(fault, out var known) ? known.Count : 0;
}
