using System.Numerics;

namespace SelfDev.Core.Serving.Cache;

/// <summary>
/// Stack distances of a stream of touches: how large a least-recently-used cache has to be to still hold an item at its
/// next touch. One pass answers for caches of every size, because what a smaller one holds a larger one holds as well
/// (Mattson, Gecsei, Slutz and Traiger, "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2),
/// 1970). An item may weigh several blocks that are always touched together.
/// </summary>
/// <remarks>
/// Items stand in slots in order of their last touch; a Fenwick tree over groups of slots sums the weights behind a
/// slot. Slots are renumbered when they run out, so memory is bounded by the items, not by the touches.
/// </remarks>
internal sealed class StackDistances
{
    private const int GroupBits = 6;
    private const int GroupSlots = 1 << GroupBits;

    private int[] _slotOf = new int[1024];
    private int[] _weights = new int[1024];
    private int[] _itemAt = new int[1024];
    private long[] _tree = new long[(1024 >> GroupBits) + 1];
    private int _next;
    private long _total;

    /// <value>Items touched so far.</value>
    public int Items { get; private set; }

    /// <value>Weight of all items: the blocks that an unlimited cache holds.</value>
    public long TotalWeight => _total;

    /// <summary>A new item, touched now.</summary>
    /// <param name="weight">Blocks, 0 or more.</param>
    /// <returns>Its number, counted from 0.</returns>
    public int Add(int weight)
    {
        if (Items == _slotOf.Length)
        {
            Array.Resize(ref _slotOf, Items * 2);
        }

        var item = Items++;
        Place(item, weight);
        return item;
    }

    /// <summary>Touches an item again.</summary>
    /// <returns>
    /// Blocks of the smallest cache that holds all of the item at this touch: its own weight and that of all other
    /// items touched since. A cache of that capacity or more hits.
    /// </returns>
    public long Touch(int item)
    {
        var slot = _slotOf[item];
        var weight = _weights[slot];
        var needed = _total - SumThrough(slot) + weight;
        Move(item, slot, weight);
        return needed;
    }

    /// <summary>As <see cref="Touch"/> where nobody asks for the distance.</summary>
    public void Refresh(int item)
    {
        var slot = _slotOf[item];
        Move(item, slot, _weights[slot]);
    }

    private void Move(int item, int slot, int weight)
    {
        if (slot == _next - 1)
        {
            return;
        }

        _weights[slot] = 0;
        _itemAt[slot] = -1;
        Update(slot, -weight);
        _total -= weight;
        Place(item, weight);
    }

    private void Place(int item, int weight)
    {
        if (_next == _weights.Length)
        {
            Renumber();
        }

        var slot = _next++;
        _slotOf[item] = slot;
        _weights[slot] = weight;
        _itemAt[slot] = item;
        Update(slot, weight);
        _total += weight;
    }

    private void Update(int slot, int delta)
    {
        for (var group = (slot >> GroupBits) + 1; group < _tree.Length; group += group & -group)
        {
            _tree[group] += delta;
        }
    }

    /// <summary>Weights in the slots up to and including one.</summary>
    private long SumThrough(int slot)
    {
        var group = slot >> GroupBits;
        long sum = 0;
        for (var i = group; i > 0; i &= i - 1)
        {
            sum += _tree[i];
        }

        var weights = _weights.AsSpan(group << GroupBits, (slot & (GroupSlots - 1)) + 1);
        var lanes = Vector<int>.Zero;
        while (weights.Length >= Vector<int>.Count)
        {
            lanes += new Vector<int>(weights);
            weights = weights[Vector<int>.Count..];
        }

        sum += Vector.Sum(lanes);
        foreach (var weight in weights)
        {
            sum += weight;
        }

        return sum;
    }

    /// <summary>Closes the gaps; twice as many slots as items then last for at least as many touches as there are
    /// items.</summary>
    private void Renumber()
    {
        // The item being placed has left its slot already and is not among the survivors.
        var capacity = Math.Max(
            1024,
            (int)Math.Min(Array.MaxLength & ~(GroupSlots - 1), BitOperations.RoundUpToPowerOf2((uint)(Items + 1)) * 2L)
        );
        var weights = new int[capacity];
        var itemAt = new int[capacity];
        var kept = 0;
        for (var slot = 0; slot < _next; slot++)
        {
            if (_itemAt[slot] is var item and >= 0)
            {
                weights[kept] = _weights[slot];
                itemAt[kept] = item;
                _slotOf[item] = kept++;
            }
        }

        (_weights, _itemAt, _next) = (weights, itemAt, kept);
        _tree = new long[(capacity >> GroupBits) + 1];
        for (var group = 1; group < _tree.Length; group++)
        {
            long sum = 0;
            foreach (var weight in weights.AsSpan((group - 1) << GroupBits, GroupSlots))
            {
                sum += weight;
            }

            _tree[group] += sum;
            var parent = group + (group & -group);
            if (parent < _tree.Length)
            {
                _tree[parent] += _tree[group];
            }
        }
    }
}
