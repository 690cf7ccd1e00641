using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Simulation;

internal enum ReplicaState
{
    Gone,
    Starting,
    Ready,
    Draining,
}

/// <summary>A sequence that generates tokens on a replica.</summary>
/// <param name="Finish">Value of the replica's token count at which it has all of them.</param>
/// <param name="FirstToken">Time of the first token.</param>
/// <param name="Waited">Seconds until the replica began with it.</param>
internal readonly record struct RunningSequence(long Finish, int Request, float Waited, double FirstToken);

/// <summary>
/// One replica of the simulation: continuous batching in steps (<see cref="ReplicaModel"/>), simulated exactly but not
/// step by step. Between two events (a prompt begins or ends, a sequence ends) all steps take the same time, so that a
/// run of steps is one event.
/// </summary>
internal sealed class SimulatedReplica(ReplicaModel model)
{
    /// <summary>Steps that one event spans at most, so that the growth of the context inside it stays small.</summary>
    private const int MaxRun = 64;

    private RunningSequence[] _running = new RunningSequence[16];
    private int[] _assigned = new int[8];
    private int _assignedFrom;
    private int _assignedCount;
    private int[] _prefilling = new int[8];
    private int _prefillingCount;
    private int _prefillSteps;
    private long _prefillTokens;
    private double _prefillBegan;
    private long _assignedTokens;
    private long _tokensSeen;
    private long _context;
    private long _reserved;
    private double _runStart;
    private double _stepTime;
    private int _runSteps;

    public ReplicaState State { get; set; }

    public double ReadyAt { get; set; }

    /// <value>Since when the replica works without a pause; infinite while it is idle.</value>
    public double BusySince { get; set; } = double.PositiveInfinity;

    public double NextEvent { get; private set; } = double.PositiveInfinity;

    public int Running { get; private set; }

    public int Requests => Running + _prefillingCount + _assignedCount;

    public bool IsIdle => Requests == 0;

    /// <value>Share of the key-value cache that requests have; 0 where it has no limit.</value>
    public double CacheShare => model.CacheTokens == long.MaxValue ? 0 : _reserved / (double)model.CacheTokens;

    /// <summary>Whether a request that arrives now can be begun with at the next step: there is room, and no other
    /// prompt is in the way.</summary>
    public bool Takes(int prefillTokens, int outputTokens) =>
        State == ReplicaState.Ready && _prefillingCount == 0 && HasRoom(prefillTokens, outputTokens);

    /// <summary>Whether the batch, the cache and the next step's prompt budget have room.</summary>
    public bool HasRoom(int prefillTokens, int outputTokens) =>
        Requests == 0
        || (
            Requests < model.BatchLimit
            && _reserved + prefillTokens + outputTokens <= model.CacheTokens
            && (_assignedCount == 0 || _assignedTokens + prefillTokens <= model.PrefillChunkTokens)
        );

    public void Assign(int request, in TrafficRequest what)
    {
        if (_assignedFrom + _assignedCount == _assigned.Length)
        {
            if (_assignedFrom > 0)
            {
                Array.Copy(_assigned, _assignedFrom, _assigned, 0, _assignedCount);
                _assignedFrom = 0;
            }
            else
            {
                Array.Resize(ref _assigned, _assigned.Length * 2);
            }
        }

        _assigned[_assignedFrom + _assignedCount++] = request;
        _assignedTokens += what.PrefillTokens;
        _reserved += what.PrefillTokens + what.OutputTokens;
    }

    /// <summary>Ends the present run of steps at the next step's end, so that a request that came at <paramref
    /// name="now"/> is begun with.</summary>
    public void Interrupt(double now)
    {
        if (double.IsPositiveInfinity(NextEvent))
        {
            return;
        }

        var steps = (int)((now - _runStart) / _stepTime) + 1;
        if (steps < _runSteps)
        {
            _runSteps = steps;
            NextEvent = _runStart + (steps * _stepTime);
        }
    }

    /// <summary>The run of steps is over: prompts give their first token, sequences end.</summary>
    public void FinishRun(double now, ReadOnlySpan<TrafficRequest> requests, SimulationRecord record)
    {
        _tokensSeen += _runSteps;
        _context += (long)_runSteps * Running;
        if (_prefillingCount > 0)
        {
            _prefillSteps -= _runSteps;
            if (_prefillSteps == 0)
            {
                FirstTokens(now, requests, record);
            }
        }

        while (Running > 0 && _running[0].Finish <= _tokensSeen)
        {
            var ended = Pop();
            ref readonly var request = ref requests[ended.Request];
            _context -= request.PrefillTokens + request.OutputTokens;
            _reserved -= request.PrefillTokens + request.OutputTokens;
            record.Complete(
                request,
                ended.Waited,
                ended.FirstToken - request.Time,
                (now - ended.FirstToken) / (request.OutputTokens - 1)
            );
        }
    }

    /// <summary>Begins the next run of steps, or rests.</summary>
    public void StartRun(double now, ReadOnlySpan<TrafficRequest> requests, SimulationRecord record)
    {
        if (_prefillingCount == 0 && _assignedCount > 0)
        {
            TakePrompts(now, requests, record);
        }

        if (_prefillingCount == 0 && Running == 0)
        {
            NextEvent = double.PositiveInfinity;
            _tokensSeen = 0;
            return;
        }

        var steps = _prefillingCount > 0 ? _prefillSteps : int.MaxValue;
        if (Running > 0)
        {
            steps = (int)Math.Min(Math.Min(steps, MaxRun), _running[0].Finish - _tokensSeen);
        }

        var prompt = _prefillingCount > 0 ? _prefillTokens / (double)_prefillSteps : 0;
        if (_prefillingCount > 0)
        {
            _prefillTokens -= (long)(prompt * steps);
        }

        (_runStart, _runSteps) = (now, steps);
        _stepTime = model.StepTime(Running, _context + (Running * (steps - 1) / 2.0), prompt);
        NextEvent = now + (steps * _stepTime);
    }

    public void Stop()
    {
        NextEvent = double.PositiveInfinity;
        BusySince = double.PositiveInfinity;
    }

    public void Begin(double readyAt) => (State, ReadyAt, NextEvent) = (ReplicaState.Starting, readyAt, readyAt);

    private void TakePrompts(double now, ReadOnlySpan<TrafficRequest> requests, SimulationRecord record)
    {
        (_prefillTokens, _prefillBegan) = (0, now);
        while (_assignedCount > 0)
        {
            var request = _assigned[_assignedFrom];
            var tokens = requests[request].PrefillTokens;
            if (_prefillingCount > 0 && _prefillTokens + tokens > model.PrefillChunkTokens)
            {
                break;
            }

            if (_prefillingCount == _prefilling.Length)
            {
                Array.Resize(ref _prefilling, _prefilling.Length * 2);
            }

            record.Begin(now - requests[request].Time);
            _prefilling[_prefillingCount++] = request;
            _prefillTokens += tokens;
            _assignedTokens -= tokens;
            _assignedFrom++;
            _assignedCount--;
        }

        if (_assignedCount == 0)
        {
            _assignedFrom = 0;
        }

        _prefillSteps = (int)((_prefillTokens + model.PrefillChunkTokens - 1) / model.PrefillChunkTokens);
    }

    private void FirstTokens(double now, ReadOnlySpan<TrafficRequest> requests, SimulationRecord record)
    {
        for (var i = 0; i < _prefillingCount; i++)
        {
            var index = _prefilling[i];
            ref readonly var request = ref requests[index];
            var waited = _prefillBegan - request.Time;
            record.FirstToken(now - request.Time);
            if (request.OutputTokens == 1)
            {
                _reserved -= request.PrefillTokens + 1;
                record.Complete(request, waited, now - request.Time, 0);
            }
            else
            {
                _context += request.PrefillTokens + 1;
                Push(new RunningSequence(_tokensSeen + request.OutputTokens - 1, index, (float)waited, now));
            }
        }

        _prefillingCount = 0;
    }

    private void Push(RunningSequence sequence)
    {
        if (Running == _running.Length)
        {
            Array.Resize(ref _running, Running * 2);
        }

        var at = Running++;
        while (at > 0)
        {
            var parent = (at - 1) >> 1;
            if (_running[parent].Finish <= sequence.Finish)
            {
                break;
            }

            _running[at] = _running[parent];
            at = parent;
        }

        _running[at] = sequence;
    }

    private RunningSequence Pop()
    {
        var first = _running[0];
        var last = _running[--Running];
        var at = 0;
        while (true)
        {
            var child = (at << 1) + 1;
            if (child >= Running)
            {
                break;
            }

            if (child + 1 < Running && _running[child + 1].Finish < _running[child].Finish)
            {
                child++;
            }

            if (last.Finish <= _running[child].Finish)
            {
                break;
            }

            _running[at] = _running[child];
            at = child;
        }

        _running[at] = last;
        return first;
    }
}
