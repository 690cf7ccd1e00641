using System.Globalization;
using System.Runtime.InteropServices;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Cache;

/// <summary>By what the ledger is broken down.</summary>
public enum LedgerDimension
{
    Tenant,
    Model,
    Backend,

    /// <summary>Prompts with the same tools and system prompt, or versions of them.</summary>
    PrefixFamily,
    Hour,
}

/// <summary>Tokens of some requests, booked.</summary>
internal sealed class LedgerAccount
{
    public long Requests { get; set; }

    public long Prompt { get; set; }

    public long Cached { get; set; }

    public long Ceiling { get; set; }

    public CauseTokens Causes;

    /// <value>Tokens of <see cref="MissCause.Divergence"/> by what changed.</value>
    public long[] Diverged { get; } = new long[6];

    public void Add(in Booking booking)
    {
        Requests++;
        Prompt += booking.Prompt;
        Cached += booking.Cached;
        Ceiling += booking.Ceiling;
        for (var cause = 0; cause < 8; cause++)
        {
            Causes[cause] += booking.Causes[cause];
        }

        Diverged[(int)DivergedPart.CacheMark] += booking.Unmarked;
        Diverged[(int)(booking.Part is DivergedPart.CacheMark ? DivergedPart.None : booking.Part)] +=
            booking.Causes[(int)MissCause.Divergence] - booking.Unmarked;
    }

    public void Add(LedgerAccount other)
    {
        Requests += other.Requests;
        Prompt += other.Prompt;
        Cached += other.Cached;
        Ceiling += other.Ceiling;
        for (var cause = 0; cause < 8; cause++)
        {
            Causes[cause] += other.Causes[cause];
        }

        for (var part = 0; part < Diverged.Length; part++)
        {
            Diverged[part] += other.Diverged[part];
        }
    }

    /// <summary>
    /// At a backend that shows no cache nothing expires, is marked, rounded or pushed out. What another backend of the
    /// same model would have served was lost to the routing; without one nobody knows.
    /// </summary>
    public void BookTo(MissCause cause)
    {
        foreach (
            var other in (ReadOnlySpan<MissCause>)
                [
                    MissCause.Routing,
                    MissCause.Expiry,
                    MissCause.BelowMinimum,
                    MissCause.Rounding,
                    MissCause.Eviction,
                    MissCause.Unexplained,
                ]
        )
        {
            var tokens = Causes[(int)other];
            Causes[(int)other] -= tokens;
            Causes[(int)cause] += tokens;
        }

        Causes[(int)cause] += Diverged[(int)DivergedPart.CacheMark];
        Causes[(int)MissCause.Divergence] -= Diverged[(int)DivergedPart.CacheMark];
        Diverged[(int)DivergedPart.CacheMark] = 0;
    }
}

/// <summary>What is known of one backend's cache.</summary>
internal sealed class BackendFacts(string name, string model)
{
    public string Name { get; } = name;

    public string Model { get; } = model;

    public long Requests { get; set; }

    /// <value>Requests whose usage says anything about a cache.</value>
    public long Reporting { get; set; }

    public long CachedTokens { get; set; }

    /// <value>Number of the first request, and where it stands.</value>
    public RequestPlace First { get; init; }

    /// <value>Whether it serves anything from cache, or at least says that it did not.</value>
    public bool Caches => Reporting > 0;

    public required ProviderRule Rule { get; init; }
}

/// <param name="First">The first request that lost tokens to a cause.</param>
/// <param name="Worst">The one that lost most, and how many tokens.</param>
internal sealed record CauseExample(
    RequestPlace First,
    TokenFigures FirstFigures,
    RequestPlace Worst,
    TokenFigures WorstFigures,
    RequestPlace Last,
    long Tokens,
    long Requests
)
{
    public static CauseExample With(CauseExample? known, long tokens, in Booking booking, ServedRequest request)
    {
        var place = RequestPlace.Of(request);
        var figures = new TokenFigures(booking.Prompt, booking.Cached);
        return known is null ? new CauseExample(place, figures, place, figures, place, tokens, 1)
            : tokens > known.Tokens
                ? known with
                {
                    Worst = place,
                    WorstFigures = figures,
                    Last = place,
                    Tokens = tokens,
                    Requests = known.Requests + 1,
                }
            : known with { Last = place, Requests = known.Requests + 1 };
    }
}

internal readonly record struct TokenFigures(long Prompt, long Cached);

/// <summary>
/// The ledger: every prompt token that was not served from cache, booked to exactly one <see cref="MissCause"/>. In
/// total and in every breakdown the causes sum to the missed tokens.
/// </summary>
internal sealed class MissLedger
{
    /// <summary>Values kept apart in one dimension; what comes later is booked under <see cref="Other"/>.</summary>
    private const int MaxValues = 2000;
    public const string Other = "(other)";

    private readonly Dictionary<(LedgerDimension Dimension, string Value, string Backend), LedgerAccount> _accounts =
    [];
    private readonly Dictionary<string, BackendFacts> _backends = new(StringComparer.Ordinal);
    private readonly Dictionary<UInt128, string> _families = [];
    private readonly int[] _values = new int[5];
    private long _lastHour;
    private string? _lastHourName;

    public IReadOnlyDictionary<string, BackendFacts> Backends => _backends;

    /// <value>For each cause the request that lost most to it, and how many requests did.</value>
    public CauseExample?[] Examples { get; } = new CauseExample?[8];

    /// <value>The same of <see cref="MissCause.Divergence"/>, by what changed.</value>
    public CauseExample?[] DivergedExamples { get; } = new CauseExample?[6];

    public void Book(in Booking booking, ServedRequest request, in AccountedRequest accounted, bool reportsCache)
    {
        ref var backend = ref CollectionsMarshal.GetValueRefOrAddDefault(_backends, accounted.Backend, out _);
        backend ??= new BackendFacts(accounted.Backend, accounted.Model)
        {
            First = RequestPlace.Of(request),
            Rule = accounted.Rule,
        };
        backend.Requests++;
        backend.Reporting += reportsCache ? 1 : 0;
        backend.CachedTokens += booking.Cached;

        for (var cause = 0; cause < 8; cause++)
        {
            if (booking.Causes[cause] > 0)
            {
                Examples[cause] = CauseExample.With(Examples[cause], booking.Causes[cause], booking, request);
            }
        }

        if (booking.Causes[(int)MissCause.Divergence] is > 0 and var diverged)
        {
            ref var example = ref DivergedExamples[(int)(booking.Unmarked > 0 ? DivergedPart.CacheMark : booking.Part)];
            example = CauseExample.With(example, diverged, booking, request);
        }

        Account(LedgerDimension.Model, accounted.Model, accounted.Backend).Add(booking);
        Account(LedgerDimension.Backend, accounted.Backend, accounted.Backend).Add(booking);
        Account(LedgerDimension.Tenant, request.Tenant ?? "(none)", accounted.Backend).Add(booking);
        Account(LedgerDimension.PrefixFamily, Family(accounted.Family), accounted.Backend).Add(booking);
        Account(LedgerDimension.Hour, Hour(request.Time), accounted.Backend).Add(booking);
    }

    /// <summary>Whether the backend answers without a cache while another one of the same model has one.</summary>
    public bool IsBypassed(string backend) =>
        _backends.TryGetValue(backend, out var facts)
        && !facts.Caches
        && _backends.Values.Any(other => other.Caches && other.Model == facts.Model);

    /// <summary>The whole ledger.</summary>
    public LedgerAccount Total()
    {
        var total = new LedgerAccount();
        foreach (var (_, account) in By(LedgerDimension.Model))
        {
            total.Add(account);
        }

        return total;
    }

    /// <summary>The ledger in one dimension, most missed tokens first.</summary>
    public IReadOnlyList<(string Value, LedgerAccount Account)> By(LedgerDimension dimension)
    {
        var values = new Dictionary<string, LedgerAccount>(StringComparer.Ordinal);
        foreach (var (key, account) in _accounts.Where(pair => pair.Key.Dimension == dimension))
        {
            var copy = new LedgerAccount();
            copy.Add(account);
            if (!_backends[key.Backend].Caches)
            {
                copy.BookTo(IsBypassed(key.Backend) ? MissCause.Routing : MissCause.Unexplained);
            }

            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(values, key.Value, out var exists);
            if (exists)
            {
                sum!.Add(copy);
            }
            else
            {
                sum = copy;
            }
        }

        return
        [
            .. values
                .Select(pair => (pair.Key, pair.Value))
                .OrderByDescending(pair => pair.Value.Prompt - pair.Value.Cached)
                .ThenBy(pair => pair.Key, StringComparer.Ordinal),
        ];
    }

    /// <summary>A prefix family as reports name it: its hash's beginning, never its text.</summary>
    public static string FamilyName(UInt128 family) =>
        family == 0 ? "(none)" : ((uint)(family >> 96)).ToString("x8", CultureInfo.InvariantCulture);

    private string Hour(double time)
    {
        if (!double.IsFinite(time) || Math.Abs(time) >= 6e10)
        {
            return "(no time)";
        }

        var hour = (long)Math.Floor(time / 3600);
        if (hour != _lastHour || _lastHourName is null)
        {
            (_lastHour, _lastHourName) = (
                hour,
                DateTimeOffset.UnixEpoch.AddHours(hour).ToString("yyyy-MM-ddTHH':00Z'", CultureInfo.InvariantCulture)
            );
        }

        return _lastHourName;
    }

    private string Family(UInt128 family)
    {
        if (!_families.TryGetValue(family, out var name))
        {
            name = FamilyName(family);
            if (_families.Count < MaxValues)
            {
                _families.Add(family, name);
            }
        }

        return name;
    }

    private LedgerAccount Account(LedgerDimension dimension, string value, string backend)
    {
        if (_accounts.TryGetValue((dimension, value, backend), out var known))
        {
            return known;
        }

        if (_values[(int)dimension] >= MaxValues)
        {
            value = Other;
            if (_accounts.TryGetValue((dimension, value, backend), out known))
            {
                return known;
            }
        }

        _values[(int)dimension]++;
        var account = new LedgerAccount();
        _accounts.Add((dimension, value, backend), account);
        return account;
    }
}
