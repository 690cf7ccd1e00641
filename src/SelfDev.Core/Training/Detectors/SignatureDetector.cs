using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>
/// Makes findings of known lines: lines of one signature (for Xids: one number on one host and GPU) that follow each
/// other closely are one finding, with the ranks and hosts they name.
/// </summary>
internal sealed class SignatureDetector(SignatureTable table) : IRunDetector
{
    /// <summary>Lines without a further one after which a new finding begins.</summary>
    private const long ApartLines = 20_000;
    private static readonly TimeSpan ApartTime = TimeSpan.FromMinutes(30);

    /// <summary>An exception counts where a traceback began at most so many lines before.</summary>
    private const long TracebackLines = 400;
    private const int MaxFindings = 400;

    /// <summary>
    /// Lines that tell one story whatever their order: a collective that timed out and the teardown of its victims, a
    /// worker's death and its launcher's reports.
    /// </summary>
    private static readonly Dictionary<string, string> Stories = new()
    {
        ["nccl-watchdog"] = "collective",
        ["nccl-ops-failed"] = "collective",
        ["nccl-teardown"] = "collective",
        ["nccl-dump-signal"] = "collective",
        ["nccl-heartbeat"] = "collective",
        ["torchrun-exit"] = "exit",
        ["torchrun-child"] = "exit",
        ["torchrun-root"] = "exit",
        ["sigterm-workers"] = "exit",
        ["signal-received"] = "exit",
        ["terminate-called"] = "exit",
        ["srun-task"] = "exit",
    };

    private readonly Dictionary<string, Open> _open = [];
    private long _tracebackLine = -TracebackLines;
    private int _findings;

    public void OnSegment(RunSegment segment, RunTimeline run) { }

    public void OnRow(in StepRow row, RunTimeline run) { }

    public void OnEvent(LogEvent noted, RunTimeline run)
    {
        switch (noted.Type)
        {
            case LogEventType.Traceback:
                _tracebackLine = noted.Line;
                break;
            case LogEventType.MissingRanks:
                Missing(noted, run);
                break;
            case LogEventType.Signature:
                Known(noted, run);
                break;
        }
    }

    public void Finish(RunTimeline run)
    {
        foreach (
            var draft in run.Findings.Where(finding =>
                finding is { SignatureId: not null, Kind: FindingKinds.NcclTimeout } && finding.Ranks.Count >= 4
            )
        )
        {
            NameTheSilent(draft);
        }
    }

    /// <summary>Victims report; of the ranks up to the highest one seen, those that did not are where to
    /// look.</summary>
    private static void NameTheSilent(FindingDraft draft)
    {
        var silent = Enumerable.Range(0, draft.Ranks.Max).Where(rank => !draft.Ranks.Contains(rank)).ToList();
        if (silent.Count == 0 || silent.Count > draft.Ranks.Count / 2)
        {
            return;
        }

        draft.Metrics["silentRanks"] = RankList(silent);
        draft.Title = string.Create(
            CultureInfo.InvariantCulture,
            $"{draft.Ranks.Count} ranks gave up waiting for a collective; silent: "
                + $"{(silent.Count == 1 ? "rank" : "ranks")} {RankList(silent)}"
        );
    }

    /// <summary>Ranks as ranges: <c>3, 16-23</c>.</summary>
    private static string RankList(List<int> ranks)
    {
        var parts = new List<string>();
        for (var i = 0; i < ranks.Count; )
        {
            var end = i;
            while (end + 1 < ranks.Count && ranks[end + 1] == ranks[end] + 1)
            {
                end++;
            }

            parts.Add(
                i == end
                    ? ranks[i].ToString(CultureInfo.InvariantCulture)
                    : string.Create(CultureInfo.InvariantCulture, $"{ranks[i]}-{ranks[end]}")
            );
            i = end + 1;
        }

        return string.Join(", ", parts.Take(16)) + (parts.Count > 16 ? ", ..." : "");
    }

    private void Known(LogEvent noted, RunTimeline run)
    {
        var signature = table.Signatures[noted.Signature];
        if (signature.Id == "python-exception" && noted.Line - _tracebackLine > TracebackLines)
        {
            return;
        }

        var xid = noted.Captures.GetValueOrDefault("xid");
        // The driver says it twice: once in words, once as Xid 79.
        var key =
            signature.Id == "gpu-fell-off-bus" || xid == "79"
                ? $"fell-off/{noted.Host}"
                : Stories.GetValueOrDefault(signature.Id)
                    ?? $"{signature.Id}/{xid}/{(xid is null ? "" : noted.Host)}/{noted.Captures.GetValueOrDefault("pci")}/{noted.Captures.GetValueOrDefault("exception")}";
        var at = new Position(noted.Line, run.History.Count > 0 ? run.History[0].Step : null, run.TimeOf(noted));
        if (_open.TryGetValue(key, out var open) && !IsApart(open, at))
        {
            Extend(open, noted, at, run);
            if (signature.Severity > open.Draft.Severity)
            {
                open.Draft.Severity = signature.Severity;
                open.Draft.Title = signature.Title;
            }

            return;
        }

        if (_findings == MaxFindings)
        {
            return;
        }

        _findings++;
        var meaning = xid is null ? null : table.Xid(xid);
        var draft = new FindingDraft
        {
            Kind = signature.Kind,
            Severity = xid is null ? signature.Severity : meaning?.Severity ?? Severity.Warning,
            Role = xid is "45" ? FindingRole.Symptom : signature.Role,
            Title = xid is null ? signature.Title : $"Xid {xid}: {meaning?.Name ?? "not in the catalogue"}",
            From = at,
            To = at,
            File = run.File,
            SignatureId = signature.Id,
            Remedy = xid is null ? signature.Remedy : meaning?.Remedy,
        };
        draft.Metrics["signature"] = signature.Id;
        draft.Metrics["meaning"] = meaning?.Meaning ?? signature.Meaning;
        draft.Metrics["action"] = meaning?.Action ?? signature.Action;
        foreach (var (name, value) in noted.Captures)
        {
            // Numbers only: words of a log line stay in the evidence.
            if (
                double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && double.IsFinite(number)
            )
            {
                draft.Metrics[name] = number;
            }
        }

        run.Report(draft);
        _open[key] = open = new Open(draft);
        Extend(open, noted, at, run);
    }

    private void Missing(LogEvent noted, RunTimeline run)
    {
        // The header line opened the finding; the rows below it name the ranks.
        if (_open.Values.FirstOrDefault(open => open.Draft.SignatureId == "flight-recorder") is not { } open)
        {
            return;
        }

        open.Draft.Cite(run.Cite(noted));
        foreach (
            var part in noted
                .Captures["ranks"]
                .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        )
        {
            if (
                int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var rank)
                && open.Draft.Ranks.Count < 64
            )
            {
                open.Draft.Ranks.Add(rank);
            }
        }

        open.Draft.To = new Position(noted.Line, open.Draft.From.Step, open.Draft.From.Time);
        open.Draft.Title = string.Create(
            CultureInfo.InvariantCulture,
            $"Rank {string.Join(", ", open.Draft.Ranks)} did not join a collective that the others had entered"
        );
        open.Draft.Metrics["missingRanks"] = string.Join(',', open.Draft.Ranks);
    }

    private static bool IsApart(Open open, Position at) =>
        at.Line - open.Draft.To.Line > ApartLines
        || (at.Time is { } now && open.Draft.To.Time is { } last && now - last > ApartTime);

    private static void Extend(Open open, LogEvent noted, Position at, RunTimeline run)
    {
        var draft = open.Draft;
        open.Count++;
        draft.Metrics["lines"] = open.Count;
        draft.To = at;
        draft.Cite(run.Cite(noted));
        if (noted.Rank >= 0 && draft.Ranks.Count < 4096)
        {
            draft.Ranks.Add(noted.Rank);
            draft.Metrics["ranks"] = draft.Ranks.Count;
        }

        if (noted.Host is { } host && draft.Hosts.Count < 64 && !draft.Hosts.Contains(host))
        {
            draft.Hosts.Add(host);
            if (draft.Hosts.Count == 1 && NodeName.TryParse(host) is { } node)
            {
                draft.Metrics["node"] = node.Value;
            }
        }
    }

    private sealed class Open(FindingDraft draft)
    {
        public FindingDraft Draft { get; } = draft;

        public int Count { get; set; }
    }
}
