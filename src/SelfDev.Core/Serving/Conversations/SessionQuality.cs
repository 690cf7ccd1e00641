using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Conversations;

/// <summary>What is counted in conversations.</summary>
internal enum QualityCount
{
    Turns,
    Replies,
    Clarifications,
    Corrections,
    Complaints,
    Thanks,
    Calls,
    BrokenCalls,
    RepeatedCalls,
    Refusals,

    /// <summary>Replies that did something not done before in the conversation.</summary>
    Progress,
    DeadEnds,
}

/// <summary>One conversation with one checkpoint, in counts.</summary>
internal sealed class SessionQuality
{
    public const int Counts = 12;

    /// <summary>Identical calls in a row that end a conversation in a dead end.</summary>
    private const int StuckRepeats = 3;

    private readonly int[] _counts = new int[Counts];
    private readonly UInt128[] _recent = new UInt128[8];
    private int _next;
    private int _repeatsInARow;
    private bool _refused;
    private bool _unhappy;

    public required RequestPlace First { get; init; }

    public int this[QualityCount count] => _counts[(int)count];

    /// <value>The reply to the last request, which no later prompt has shown yet.</value>
    public (PromptComponent Reply, bool Refusal, bool Question)? Pending { get; set; }

    public void AddUser((bool Correction, bool Complaint, bool Thanks) said, bool isReaction)
    {
        _counts[(int)QualityCount.Turns]++;
        if (isReaction)
        {
            _counts[(int)QualityCount.Corrections] += said.Correction ? 1 : 0;
            _counts[(int)QualityCount.Complaints] += said.Complaint ? 1 : 0;
            _counts[(int)QualityCount.Thanks] += said.Thanks ? 1 : 0;
        }

        _unhappy = isReaction && (said.Correction || said.Complaint);
    }

    public void AddReply(in PromptComponent reply, bool refusal, bool question)
    {
        _counts[(int)QualityCount.Replies]++;
        _counts[(int)QualityCount.Clarifications] += question ? 1 : 0;
        _counts[(int)QualityCount.Refusals] += refusal ? 1 : 0;
        _counts[(int)QualityCount.Calls] += reply.Calls;
        _counts[(int)QualityCount.BrokenCalls] += reply.BrokenCalls;
        var done = reply.Calls > 0 ? reply.CallsHash : reply.Hash;
        var repeated = Array.IndexOf(_recent, done) >= 0;
        _counts[(int)QualityCount.RepeatedCalls] += repeated && reply.Calls > 0 ? 1 : 0;
        _counts[(int)QualityCount.Progress] += repeated || refusal || question || reply.BrokenCalls > 0 ? 0 : 1;
        _repeatsInARow = repeated ? _repeatsInARow + 1 : 0;
        _recent[_next] = done;
        _next = (_next + 1) % _recent.Length;
        _refused = refusal;
        _unhappy = false;
    }

    /// <summary>The counts with the last reply and the end taken in.</summary>
    public double[] Finished()
    {
        var whole = (SessionQuality)MemberwiseClone();
        var counts = (int[])_counts.Clone();
        var finished = new SessionQuality(whole, counts) { First = First };
        if (Pending is { } pending)
        {
            finished.AddReply(pending.Reply, pending.Refusal, pending.Question);
        }

        // It ends in a refusal, an unanswered reproach, or the same thing over and over.
        counts[(int)QualityCount.DeadEnds] =
            finished._refused || finished._unhappy || finished._repeatsInARow >= StuckRepeats - 1 ? 1 : 0;
        return [.. counts.Select(count => (double)count)];
    }

    public SessionQuality() { }

    private SessionQuality(SessionQuality other, int[] counts)
    {
        (_counts, _recent, _next) = (counts, (UInt128[])other._recent.Clone(), other._next);
        (_repeatsInARow, _refused, _unhappy) = (other._repeatsInARow, other._refused, other._unhappy);
    }
}
