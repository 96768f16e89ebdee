using Sim.Core;
using Sim.Pcie.Topology;

namespace Sim.Iommu.Vtd;

/// <summary>
/// The misses of a unit: a stated number of walks at once, a line of misses behind them in the order of their arrival, and misses that
/// join a walk of their own page. Each entry is read when its time has come, so that a walk sees tables as they are then.
/// </summary>
internal sealed class WalkEngine
{
    private const int None = -1;

    private readonly VtdUnit _unit;
    private readonly Walk[] _walks;
    private readonly RingQueue<int> _line = new();
    private Miss[] _misses = [];
    private int _free = None;
    private int _open;
    private int _draining;
    private int _running;

    public WalkEngine(VtdUnit unit)
    {
        _unit = unit;
        _walks = [.. Enumerable.Range(0, unit.Options.Walkers).Select(_ => new Walk(unit, this))];
    }

    /// <summary>Takes a miss; its answer goes to the client.</summary>
    public void Begin(in TranslationRequest request, ITranslationClient client, int slot)
    {
        var index = Rent();
        ref var miss = ref _misses[index];
        (miss.Request, miss.Client, miss.Slot, miss.Drains, miss.Next) = (request, client, slot, false, None);
        _open++;
        Place(index);
    }

    /// <summary>From now on nothing that walks or waits may fill a cache, and its end is waited for.</summary>
    /// <returns>Whether there is anything.</returns>
    public bool BeginDrain()
    {
        foreach (var walk in _walks) walk.MayFill = false;
        _draining = _open;
        for (var i = 0; i < _misses.Length; i++) _misses[i].Drains = _misses[i].Client is not null;
        return _draining > 0;
    }

    /// <summary>A walk has its result.</summary>
    internal void OnWalked(Walk walk, FaultReason reason, in IotlbEntry entry)
    {
        _running--;
        var index = walk.Miss;
        var joined = _misses[index].Next;
        Answer(index, reason, in entry, walk.Domain.FaultDisable, walk.Domain.Domain);
        while (joined != None)
        {
            // Another access to the page may still lack something that this walk did not look for: then it walks itself.
            var next = _misses[joined].Next;
            _misses[joined].Next = None;
            if (reason == FaultReason.None && VtdUnit.Satisfies(in entry, _misses[joined].Request, walk.Domain.AccessedDirty))
                Answer(joined, FaultReason.None, in entry, false, walk.Domain.Domain);
            else _line.Enqueue(joined);
            joined = next;
        }

        while (_line.Count > 0 && FreeWalk() is { } idle) Start(idle, _line.Dequeue());
    }

    private void Place(int index)
    {
        if (_unit.Options.CoalescesMisses && Running(in _misses[index].Request) is { } same)
        {
            _unit.Statistics.Joined++;
            _misses[index].Next = _misses[same.Miss].Next;
            _misses[same.Miss].Next = index;
        }
        else if (_line.Count == 0 && FreeWalk() is { } idle) Start(idle, index);
        else
        {
            _unit.Statistics.Queued++;
            _line.Enqueue(index);
        }
    }

    /// <summary>Begins a walk, unless the translation has arrived in the IOTLB while the miss waited.</summary>
    private void Start(Walk walk, int index)
    {
        ref var miss = ref _misses[index];
        if (_unit.TryHit(in miss.Request, out var entry, out var domain))
        {
            Answer(index, FaultReason.None, in entry, false, domain);
            return;
        }

        if (++_running > _unit.Statistics.MostWalks) _unit.Statistics.MostWalks = _running;
        _unit.Statistics.Walks++;
        walk.Begin(index, in miss.Request);
    }

    private void Answer(int index, FaultReason reason, in IotlbEntry entry, bool faultDisabled, ushort domain)
    {
        var miss = _misses[index];
        _misses[index].Client = null;
        _misses[index].Next = _free;
        _free = index;
        _open--;
        miss.Client!.OnTranslated(miss.Slot, _unit.Conclude(in miss.Request, reason, in entry, faultDisabled, domain));
        if (miss.Drains && --_draining == 0) _unit.OnDrained();
    }

    private Walk? FreeWalk()
    {
        foreach (var walk in _walks)
            if (!walk.IsBusy) return walk;
        return null;
    }

    private Walk? Running(in TranslationRequest request)
    {
        foreach (var walk in _walks)
        {
            if (!walk.IsBusy || !walk.MayFill) continue;
            ref readonly var other = ref _misses[walk.Miss].Request;
            if (other.Requester == request.Requester && other.Address >> 12 == request.Address >> 12) return walk;
        }

        return null;
    }

    private int Rent()
    {
        if (_free == None)
        {
            var first = _misses.Length;
            Array.Resize(ref _misses, Math.Max(16, 2 * first));
            for (var i = first; i < _misses.Length; i++) _misses[i].Next = i + 1 < _misses.Length ? i + 1 : None;
            _free = first;
        }

        var index = _free;
        _free = _misses[index].Next;
        return index;
    }

    private struct Miss
    {
        public TranslationRequest Request;
        public ITranslationClient? Client;
        public int Slot;
        public bool Drains;
        public int Next;
    }
}
