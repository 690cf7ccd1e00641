using System.Runtime.InteropServices;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>
/// Finds prompts that render wrongly: by comparing each with its predecessor where they part, and by looking once at
/// every new component. Occurrences of one fault are counted, not listed.
/// </summary>
internal sealed class RenderingFaults
{
    /// <summary>Faults kept apart; a log that has more has one fault of its own.</summary>
    private const int MaxFaults = 200;

    private readonly Dictionary<
        (string Kind, ComponentKind Part, int Index, MessageRole Role),
        RenderingFault
    > _faults = [];
    private readonly HashSet<RenderingFault> _ofRequest = [];
    private readonly BeginMarkers _begins = new();

    public IEnumerable<RenderingFault> All => _faults.Values.Where(fault => fault.IsEvident);

    /// <value>Occurrences that <see cref="MaxFaults"/> left out.</value>
    public long LeftOut { get; private set; }

    public void Take(ServedRequest request, in AccountedRequest accounted)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        var diverged = accounted.Booking is { } booking
            ? booking.Causes[(int)MissCause.Divergence] - booking.Unmarked
            : 0;
        var part = accounted.Booking?.Part ?? DivergedPart.None;
        // A prompt that went back to what an earlier one was shows no new fault.
        var isReturn = accounted.Known > accounted.Common;
        _ofRequest.Clear();
        if (accounted.Predecessor is { } past)
        {
            var isStart = accounted.IsContinuation || accounted.Common < PromptLikeness.StableCount(components);
            if (
                isStart
                && accounted.Common < components.Length
                && accounted.Common < past.Count
                && part != DivergedPart.Model
            )
            {
                foreach (var difference in PromptComparison.Compare(past, request, accounted.Common))
                {
                    // Turns came back; or, in a conversation that is only guessed, it is another one's prompt.
                    var isGuessed = isReturn && request.Session is null;
                    if (
                        (isReturn && IsOfTurns(difference.Kind))
                        || (isGuessed && !_faults.ContainsKey(KeyOf(difference)))
                    )
                    {
                        continue;
                    }

                    Report(difference, request, past, diverged, accounted.IsContinuation && !isGuessed);
                    // The first one named is what broke the prefix; the tokens are its.
                    diverged = 0;
                }
            }

            if (accounted.IsContinuation && CacheMarks.Compare(past, request, accounted.Common) is { } moved)
            {
                Report(moved, request, past, accounted.Booking?.Unmarked ?? 0, isWithin: true);
            }
        }

        for (var i = accounted.Known; i < components.Length; i++)
        {
            foreach (var fault in ComponentChecks.Check(request, i, accounted))
            {
                Report(fault, request, null, 0, isWithin: true);
            }
        }

        if (accounted.Known < components.Length && _begins.Check(request, accounted.Model) is { } begin)
        {
            Report(begin, request, null, 0, isWithin: true);
        }
    }

    /// <summary>Faults of whole turns, not of what stands in them.</summary>
    private static bool IsOfTurns(string kind) =>
        kind
            is FindingKinds.DroppedTurn
                or FindingKinds.DuplicatedTurn
                or FindingKinds.InsertedTurn
                or FindingKinds.TruncatedMessage
                or FindingKinds.MisattachedToolResult;

    /// <summary>What makes two occurrences one fault. Messages move on with every turn: a fault of messages is one,
    /// wherever it stands.</summary>
    private static (string Kind, ComponentKind Part, int Index, MessageRole Role) KeyOf(in PromptDifference difference)
    {
        var component = difference.Component;
        var isPlaced =
            component.Kind is ComponentKind.Tool or ComponentKind.System && difference.Kind != FindingKinds.ToolOrder;
        return (
            difference.Kind,
            component.Kind,
            isPlaced ? component.Index : -1,
            IsOfTurns(difference.Kind) ? MessageRole.None : component.Role
        );
    }

    /// <param name="isWithin">Whether it stands within one conversation, not between two of the same
    /// application.</param>
    private void Report(
        in PromptDifference difference,
        ServedRequest request,
        PastPrompt? past,
        long tokens,
        bool isWithin
    )
    {
        var component = difference.Component;
        var key = KeyOf(difference);
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
                Earlier = past?.Place,
                Later = RequestPlace.Of(request),
                LastSeen = RequestPlace.Of(request),
                EarlierSpan = past is null ? null : difference.Earlier,
                LaterSpan = difference.Later,
            };
            _faults.Add(key, fault);
        }

        fault.Tokens += tokens;
        if (_ofRequest.Add(fault))
        {
            fault.Occurrences++;
            fault.IsWithin |= isWithin;
            fault.LastSeen = RequestPlace.Of(request);
        }
    }
}
