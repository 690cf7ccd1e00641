using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Model;

/// <summary>The samples of one task in columns: a hundred bytes a sample at most, and no text. Text is read again from
/// the file where a report quotes it.</summary>
internal sealed class SampleColumns
{
    private HashSet<ulong> _seen = [];
    private readonly Dictionary<string, Column> _scores = new(StringComparer.Ordinal);
    private readonly List<ulong> _ids = [];
    private readonly List<int> _epochs = [];
    private readonly List<byte> _outcomes = [];
    private readonly List<long> _lines = [];
    private readonly List<int> _files = [];
    private readonly KeyColumn _clusters = new();
    private readonly Column _tokens = new(double.NaN);
    private readonly Column _seconds = new(double.NaN);
    private readonly Column _costs = new(double.NaN);
    private readonly KeyColumn _inputs = new();
    private readonly KeyColumn _documents = new();
    private readonly KeyColumn _targets = new();

    public int Count => _ids.Count;

    public IReadOnlyCollection<string> Metrics => _scores.Keys;

    /// <value>Highest try at one item.</value>
    public int Epochs { get; private set; } = 1;

    public bool HasClusters => !_clusters.IsEmpty;

    public bool HasTokens => !_tokens.IsEmpty;

    public bool HasSeconds => !_seconds.IsEmpty;

    public bool HasCosts => !_costs.IsEmpty;

    /// <returns>False where that try at that item is there already.</returns>
    public bool Add(SampleRow row, int file)
    {
        var id = TextHash.Of(row.Id);
        if (!_seen.Add(row.Epoch == 1 ? id : RandomStream.Mix(id + (ulong)row.Epoch)))
        {
            return false;
        }

        var at = _ids.Count;
        _ids.Add(id);
        _epochs.Add(row.Epoch);
        Epochs = Math.Max(Epochs, row.Epoch);
        foreach (var (metric, value) in row.Scores)
        {
            if (!_scores.TryGetValue(metric, out var column))
            {
                _scores.Add(metric, column = new Column(double.NaN));
            }

            column.Set(at, value);
        }

        _outcomes.Add((byte)OutcomeClassifier.Of(row));
        _lines.Add(row.Line);
        _files.Add(file);
        _clusters.Set(at, row.Cluster);

        _tokens.SetUnlessNaN(at, row.Tokens);
        _seconds.SetUnlessNaN(at, row.Seconds);
        _costs.SetUnlessNaN(at, row.Cost);
        _inputs.Set(at, row.InputKey ?? row.Input);
        _documents.Set(at, row.DocumentKey);
        _targets.Set(at, row.TargetKey ?? row.Target);
        return true;
    }

    public ulong Id(int row) => _ids[row];

    public int Epoch(int row) => _epochs[row];

    public SampleOutcome Outcome(int row) => (SampleOutcome)_outcomes[row];

    public long Line(int row) => _lines[row];

    public int File(int row) => _files[row];

    public double Score(string metric, int row) =>
        _scores.TryGetValue(metric, out var column) ? column[row] : double.NaN;

    /// <summary>The cluster as a number; items without one are clusters of their own, by their id.</summary>
    public ulong Cluster(int row) =>
        _clusters[row] is not 0 and var cluster ? cluster | (1UL << 63) : _ids[row] & ~(1UL << 63);

    public double Tokens(int row) => _tokens[row];

    public double Seconds(int row) => _seconds[row];

    public double Cost(int row) => _costs[row];

    /// <value>0 where unknown.</value>
    public ulong InputKey(int row) => _inputs[row];

    public ulong DocumentKey(int row) => _documents[row];

    public ulong TargetKey(int row) => _targets[row];

    /// <summary>Rows in order of their items, each item's in order of its tries; and where in it each item begins, with
    /// one end more than items.</summary>
    public (int[] Rows, List<int> Starts) ByItem()
    {
        var ids = _ids.ToArray();
        var rows = new int[ids.Length];
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = row;
        }

        Array.Sort(rows, (a, b) => ids[a] != ids[b] ? ids[a].CompareTo(ids[b]) : a.CompareTo(b));
        var starts = new List<int>(rows.Length + 1);
        for (var at = 0; at < rows.Length; at++)
        {
            if (at == 0 || ids[rows[at]] != ids[rows[at - 1]])
            {
                starts.Add(at);
            }
        }

        starts.Add(rows.Length);
        return (rows, starts);
    }

    /// <summary>Takes in the samples of another file of the same task. Where it holds items that are there already, all
    /// of its samples are further tries.</summary>
    public void Append(SampleColumns other)
    {
        var known = _ids.ToHashSet();
        var before = other._ids.Exists(known.Contains) ? Epochs : 0;
        for (var row = 0; row < other.Count; row++)
        {
            var at = _ids.Count;
            _ids.Add(other._ids[row]);
            _epochs.Add(other._epochs[row] + before);
            _outcomes.Add(other._outcomes[row]);
            _lines.Add(other._lines[row]);
            _files.Add(other._files[row]);
            foreach (var (metric, column) in other._scores)
            {
                if (!_scores.TryGetValue(metric, out var mine))
                {
                    _scores.Add(metric, mine = new Column(double.NaN));
                }

                mine.SetUnlessNaN(at, column[row]);
            }

            _tokens.SetUnlessNaN(at, other._tokens[row]);
            _seconds.SetUnlessNaN(at, other._seconds[row]);
            _costs.SetUnlessNaN(at, other._costs[row]);
            _clusters.Set(at, other._clusters[row]);
            _inputs.Set(at, other._inputs[row]);
            _documents.Set(at, other._documents[row]);
            _targets.Set(at, other._targets[row]);
        }

        Epochs = Math.Max(Epochs, before + other.Epochs);
    }

    /// <summary>Once all is read: gives back what only reading needs.</summary>
    public void Seal()
    {
        _seen = [];
        foreach (var column in _scores.Values)
        {
            column.Trim();
        }

        foreach (var column in (ReadOnlySpan<Column>)[_tokens, _seconds, _costs])
        {
            column.Trim();
        }

        foreach (var column in (ReadOnlySpan<KeyColumn>)[_clusters, _inputs, _documents, _targets])
        {
            column.Trim();
        }

        _ids.TrimExcess();
        _epochs.TrimExcess();
        _outcomes.TrimExcess();
        _lines.TrimExcess();
        _files.TrimExcess();
    }

    /// <summary>Numbers that take no memory before the first one that is set.</summary>
    private sealed class Column(double unset)
    {
        private readonly List<double> _values = [];

        public bool IsEmpty => _values.Count == 0;

        public double this[int row] => row < _values.Count ? _values[row] : unset;

        public void Set(int row, double value)
        {
            while (_values.Count < row)
            {
                _values.Add(unset);
            }

            _values.Add(value);
        }

        public void Trim() => _values.TrimExcess();

        public void SetUnlessNaN(int row, double value)
        {
            if (!double.IsNaN(value))
            {
                Set(row, value);
            }
        }
    }

    private sealed class KeyColumn
    {
        private readonly List<ulong> _keys = [];

        public bool IsEmpty => _keys.Count == 0;

        public ulong this[int row] => row < _keys.Count ? _keys[row] : 0;

        public void Trim() => _keys.TrimExcess();

        public void Set(int row, string? text) => Set(row, text is null ? 0 : TextHash.Of(text));

        public void Set(int row, ulong key)
        {
            if (key == 0)
            {
                return;
            }

            while (_keys.Count < row)
            {
                _keys.Add(0);
            }

            _keys.Add(key);
        }
    }
}
