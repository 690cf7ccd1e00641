using System.Text.Unicode;
using SelfDev.Core.Serving.Cache;
using SelfDev.Core.Serving.Conversations;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;
using SelfDev.Core.Serving.Rendering;

namespace SelfDev.Core.Serving.Reading;

/// <summary>The traffic of one artifact: requests in, ledger, ceiling, curve, faults and conversations out. Memory is
/// bounded by what is distinct in it.</summary>
internal sealed class ServingTraffic
{
    private readonly PromptAccounting _accounting;
    private readonly Ancestry<string> _ancestry = new();
    private double _lastTime = double.NaN;
    private double _sumUncached;
    private double _sumTime;
    private double _sumUncachedSquared;
    private double _sumProduct;

    public ServingTraffic(ServingOptions options)
    {
        Options = options;
        Rules = ProviderRules.Load();
        Curve = new CapacityCurve(
            options.CacheBlocks is { } capacity ? [.. options.Capacities, capacity] : options.Capacities
        );
        History = new PromptHistory((long)options.HistoryMegabytes << 20);
        _accounting = new PromptAccounting(options, Rules, History, Curve);
    }

    public ServingOptions Options { get; }

    public ProviderRules Rules { get; }

    public CapacityCurve Curve { get; }

    public PromptHistory History { get; }

    public MissLedger Ledger { get; } = new();

    public RenderingFaults Faults { get; } = new();

    public InteractionQuality Quality { get; } = new();

    public InputFaults Inputs { get; } = new();

    public long Requests { get; set; }

    /// <value>Requests that go on with an earlier one's prompt or end before it, and those that changed something in
    /// it.</value>
    public long AppendOnly { get; private set; }

    public long Rewound { get; private set; }

    public long Changed { get; private set; }

    public RequestPlace? First { get; private set; }

    public RequestPlace? Last { get; private set; }

    public double Cost { get; private set; }

    /// <value>Requests that say how long their first token took.</value>
    public long Timed { get; private set; }

    public void Take(ServedRequest request)
    {
        Requests++;
        request.Number = Requests;
        See(RequestPlace.Of(request));
        Cost += request.Cost ?? 0;
        Note(request);
        var accounted = _accounting.Take(request);
        if (request.BrokenStrings > 0 || HasMalformedText(request, accounted.Known))
        {
            Inputs.Count(InputFault.BrokenText, request);
        }

        if (accounted.Booking is { } booking)
        {
            Ledger.Book(booking, request, accounted, request.UsageFields.Normalise().Usage.ReportsCache);
            NoteTimeToFirstToken(request, booking);
        }
        else
        {
            Inputs.Count(
                accounted.Fault == UsageFault.Negative ? InputFault.NegativeUsage : InputFault.MissingUsage,
                request
            );
        }

        if (accounted is { IsContinuation: true, Predecessor: { } past })
        {
            AppendOnly += accounted.Common == past.Count ? 1 : 0;
            Rewound += accounted.Common < past.Count && accounted.Common == request.Components.Count ? 1 : 0;
            Changed += accounted.Common < past.Count && accounted.Common < request.Components.Count ? 1 : 0;
        }

        Faults.Take(request, accounted);
        Quality.Take(request, accounted);
        _accounting.Keep(request, accounted);
    }

    /// <summary>Notes where a request stands, so that findings about all of them can be cited.</summary>
    public void See(RequestPlace place)
    {
        First ??= place;
        Last = place;
    }

    /// <summary>Seconds that an uncached prompt token adds to the time to the first one; from the log where it tells,
    /// else the option's.</summary>
    public double SecondsAToken
    {
        get
        {
            const int Enough = 30;
            var spread = (Timed * _sumUncachedSquared) - (_sumUncached * _sumUncached);
            var slope =
                Timed >= Enough && spread > 0
                    ? ((Timed * _sumProduct) - (_sumUncached * _sumTime)) / spread
                    : double.NaN;
            return slope > 0 ? slope : 1 / Options.PrefillTokensPerSecond;
        }
    }

    /// <summary>Whether text that no earlier prompt had is malformed UTF-8.</summary>
    private static bool HasMalformedText(ServedRequest request, int known)
    {
        for (var i = known; i < request.Components.Count; i++)
        {
            if (!Utf8.IsValid(request.TextOf(request.Components[i])))
            {
                return true;
            }
        }

        return false;
    }

    private void Note(ServedRequest request)
    {
        if (request.Time < _lastTime)
        {
            Inputs.Count(InputFault.ClockReversal, request);
        }

        if (request is { Id: { } id, Parent: { } parent } && !_ancestry.TryAdd(id, parent))
        {
            Inputs.Count(InputFault.CyclicId, request);
        }

        _lastTime = double.IsNaN(request.Time) ? _lastTime : request.Time;
    }

    private void NoteTimeToFirstToken(ServedRequest request, in Booking booking)
    {
        if (request.TimeToFirstToken is not { } seconds || seconds < 0 || seconds > 3600)
        {
            return;
        }

        var uncached = (double)(booking.Prompt - booking.Cached);
        Timed++;
        _sumUncached += uncached;
        _sumTime += seconds;
        _sumUncachedSquared += uncached * uncached;
        _sumProduct += uncached * seconds;
    }
}
