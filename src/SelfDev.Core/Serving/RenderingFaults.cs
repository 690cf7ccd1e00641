using System.Runtime.InteropServices;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Serving;

/// <summary>
/// Finds prompts that render wrongly: by comparing each with its predecessor where they part, and by looking once at every new component. Occurrences of one fault are counted, not listed.
/// </summary>
internal sealed class RenderingFaults
{
    /// <summary>Faults kept apart; a log that has more has one fault of its own.</summary>
    private const int MaxFaults = 200;

    private readonly Dictionary<(string Kind, ComponentKind Part, int Index, MessageRole Role), RenderingFault> _faults = [];
    private readonly BeginMarkers _begins = new();

    public IReadOnlyCollection<RenderingFault> All => _faults.Values;

    /// <value>Occurrences that <see cref="MaxFaults"/> left out.</value>
    public long LeftOut { get; private set; }

    public void Take(ServedRequest request, in AccountedRequest accounted)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        var diverged = accounted.Booking is { } booking ? booking.Causes[(int)MissCause.Divergence] - booking.Unmarked : 0;
        var part = accounted.Booking?.Part ?? DivergedPart.None;
        if (accounted.Predecessor is { } past)
        {
            var isStart = accounted.IsContinuation || accounted.Common < PromptLikeness.StableCount(components);
            if (isStart && accounted.Common < components.Length && accounted.Common < past.Count && part != DivergedPart.Model)
            {
                foreach (var difference in PromptComparison.Compare(past, request, accounted.Common))
                {
                    Report(difference, request, past, diverged, part);
                    // The first one named is what broke the prefix; the tokens are its.
                    diverged = 0;
                }
            }

            if (accounted.IsContinuation && CacheMarks.Compare(past, request, accounted.Common) is { } moved)
            {
                Report(moved, request, past, accounted.Booking?.Unmarked ?? 0, DivergedPart.CacheMark);
            }
        }

        for (var i = accounted.Known; i < components.Length; i++)
        {
            foreach (var fault in ComponentChecks.Check(request, i))
            {
                Report(fault, request, null, 0, DivergedPart.None);
            }
        }

        if (accounted.Known < components.Length && _begins.Check(request, accounted.Model) is { } begin)
        {
            Report(begin, request, null, 0, DivergedPart.None);
        }
    }

    private void Report(in PromptDifference difference, ServedRequest request, PastPrompt? past, long tokens, DivergedPart part)
    {
        var component = difference.Component;
        // Messages move on with every turn: one fault of messages is one, wherever it stands.
        var key = (difference.Kind, component.Kind, component.Kind is ComponentKind.Tool or ComponentKind.System ? component.Index : -1, component.Role);
        if (!_faults.TryGetValue(key, out var fault))
        {
            if (_faults.Count == MaxFaults)
            {
                LeftOut++;
                return;
            }

            fault = new RenderingFault
            {
                Kind = difference.Kind,
                Component = component.Path,
                Part = component.Kind,
                Earlier = past is null ? null : RequestPlace.Of(past),
                Later = RequestPlace.Of(request),
                LastSeen = RequestPlace.Of(request),
                EarlierSpan = past is null ? null : difference.Earlier,
                LaterSpan = difference.Later,
            };
            _faults.Add(key, fault);
        }

        fault.Occurrences++;
        fault.Tokens += tokens;
        fault.LastSeen = RequestPlace.Of(request);
        fault.Diverged = part;
    }
}

/// <summary>A fault as one request, or one pair of them, shows it.</summary>
/// <param name="Kind">Of <see cref="FindingKinds"/>.</param>
/// <param name="Component">Of the later prompt, or of the earlier where the later lacks it.</param>
internal readonly record struct PromptDifference(string Kind, PromptComponent Component, FaultSpan Earlier, FaultSpan Later);
