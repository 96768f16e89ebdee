using Sim.Core;

namespace Sim.Pcie.Links;

/// <summary>The shortest credit return latency among the links of a simulation: how soon something follows from a TLP's leaving.</summary>
internal sealed class CreditReturnTimes
{
    private readonly List<LinkDirection> _directions = [];
    private SimDuration _shortest = new(long.MaxValue);

    public void Add(LinkDirection direction, SimDuration latency)
    {
        _directions.Add(direction);
        if (latency < _shortest)
        {
            _shortest = latency;
            foreach (var each in _directions) each.LearnWithin(_shortest);
        }
        else
        {
            direction.LearnWithin(_shortest);
        }
    }
}
