using Sim.Core;

namespace Sim.Vfio.Kernel;

/// <summary>The kernel's rate limit: so many lines per interval, the interval starting with the first line after the last one
/// ended.</summary>
/// <param name="burst">Lines per interval; AER since 6.16 allows 10.</param>
/// <param name="interval">Interval; AER since 6.16 takes 5 s.</param>
public sealed class RateLimit(int burst, SimDuration interval)
{
    private SimTime? _begin;
    private int _printed;

    /// <summary>How many were suppressed so far.</summary>
    public long Suppressed { get; private set; }

    /// <summary>Whether one more may be printed at <paramref name="now"/>; counts it either way.</summary>
    public bool Allow(SimTime now)
    {
        if (_begin is not { } begin || now - begin > interval)
        {
            _begin = now;
            _printed = 0;
        }

        if (_printed < burst)
        {
            _printed++;
            return true;
        }

        Suppressed++;
        return false;
    }
}
