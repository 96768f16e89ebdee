using Scenarios.Results;
using Sim.Core;

namespace Scenarios.Platforms;

/// <summary>Collects what each lane of the timeline shows.</summary>
internal sealed class LaneBook
{
    private readonly List<string> _order = [];
    private readonly Dictionary<string,
        (List<LaneSpan> Spans, List<LaneInstant> Instants, (SimTime From, LaneKind Kind, string Label)? Open)> _lanes = [];

    /// <summary>Fixes a lane's place: lanes appear in the order of their first mention.</summary>
    public void Declare(string lane)
    {
        if (_lanes.TryAdd(lane, ([], [], null))) _order.Add(lane);
    }

    public void Instant(string lane, SimTime time, LaneKind kind, string label)
    {
        if (!_lanes.TryGetValue(lane, out var book))
        {
            Declare(lane);
            book = _lanes[lane];
        }

        book.Instants.Add(new LaneInstant(time, kind, label));
    }

    /// <summary>A lane enters a state, which ends the one before.</summary>
    public void Enter(string lane, SimTime time, LaneKind kind, string label)
    {
        Close(lane, time);
        var (spans, instants, _) = _lanes[lane];
        _lanes[lane] = (spans, instants, (time, kind, label));
    }

    /// <summary>Ends whatever is open.</summary>
    public IReadOnlyList<Lane> Finish(SimTime end)
    {
        foreach (var lane in _order) Close(lane, end);
        return [.. _order.Select(l => new Lane(l, _lanes[l].Spans, [.. _lanes[l].Instants.OrderBy(i => i.Time)]))];
    }

    private void Close(string lane, SimTime time)
    {
        Declare(lane);
        var (spans, instants, open) = _lanes[lane];
        if (open is not { } state) return;
        if (time > state.From) spans.Add(new LaneSpan(state.From, time, state.Kind, state.Label));
        _lanes[lane] = (spans, instants, null);
    }
}
