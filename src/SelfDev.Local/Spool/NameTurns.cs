namespace SelfDev.Local.Spool;

/// <summary>
/// One at a time for each name; different names do not wait for each other. Holds only the names that are in use.
/// </summary>
internal sealed class NameTurns
{
    private readonly Dictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    /// <returns>Dispose it to let the next one in.</returns>
    public async Task<IDisposable> EnterAsync(string name, CancellationToken cancellation)
    {
        Turn turn;
        lock (_turns)
        {
            if (!_turns.TryGetValue(name, out turn!))
            {
                _turns.Add(name, turn = new Turn(this, name));
            }

            turn.Users++;
        }

        try
        {
            await turn.Gate.WaitAsync(cancellation);
            return turn;
        }
        catch
        {
            Leave(turn);
            throw;
        }
    }

    /// <returns>Null where somebody else has the turn or waits for it.</returns>
    public IDisposable? TryEnter(string name)
    {
        lock (_turns)
        {
            if (_turns.ContainsKey(name))
            {
                return null;
            }

            var turn = new Turn(this, name) { Users = 1 };
            turn.Gate.Wait();
            _turns.Add(name, turn);
            return turn;
        }
    }

    private void Leave(Turn turn)
    {
        lock (_turns)
        {
            if (--turn.Users == 0)
            {
                _turns.Remove(turn.Name);
                turn.Gate.Dispose();
            }
        }
    }

    private sealed class Turn(NameTurns owner, string name) : IDisposable
    {
        public string Name { get; } = name;

        public SemaphoreSlim Gate { get; } = new(1);

        public int Users { get; set; }

        public void Dispose()
        {
            Gate.Release();
            owner.Leave(this);
        }
    }
}
