using Sim.Core;

namespace Benchmarks;

/// <summary>The exponential increments of W1, mean 1e8 ps: the same table as in every baseline, walked in order.</summary>
internal sealed class IncrementTable
{
    private readonly SimDuration[] _increments = new SimDuration[1 << 16];
    private int _next;

    public IncrementTable()
    {
        var state = 42UL;
        foreach (ref var increment in _increments.AsSpan())
        {
            state += 0x9E3779B97F4A7C15;
            var z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            var u = ((z >> 11) + 0.5) / 9007199254740992.0;
            increment = SimDuration.FromPicoseconds(1 + (uint)(-Math.Log(u) * 1e8));
        }
    }

    public SimDuration Next() => _increments[_next++ & 0xFFFF];
}
