using Sim.Core;

namespace Sim.Pcie.Errors;

/// <summary>Where every error decision of a simulation is shown, and how the steps of one error find together. One per simulation; it
/// decides
/// nothing.</summary>
/// <param name="simulator">Gives the time.</param>
public sealed class ErrorTrace(Simulator simulator)
{
    // A Message that has not arrived after this long was lost with a link; its chain must not be taken for a later one's.
    private static readonly SimDuration LostAfter = SimDuration.FromMilliseconds(1);

    private readonly Dictionary<ErrorMessage, Queue<(long Chain, SimTime Sent)>> _underWay = [];
    private long _chains;

    /// <summary>Every step, as it is taken.</summary>
    public Probe<ErrorStep> Steps { get; } = new();

    /// <summary>The present time.</summary>
    public SimTime Now => simulator.Now;

    internal long BeginChain() => ++_chains;

    internal void Show(ErrorStep step)
    {
        if (Steps.IsObserved)
            Steps.Emit(Now, step);
    }

    internal void Sent(in ErrorMessage message, long chain)
    {
        if (!Steps.IsObserved)
            return;
        if (!_underWay.TryGetValue(message, out var queue))
            _underWay[message] = queue = [];
        queue.Enqueue((chain, Now));
    }

    internal long ChainOf(in ErrorMessage message, bool atJourneysEnd)
    {
        if (!Steps.IsObserved || !_underWay.TryGetValue(message, out var queue))
            return 0;
        while (queue.TryPeek(out var head))
        {
            if (Now - head.Sent > LostAfter)
            {
                queue.Dequeue();
                continue;
            }
            if (atJourneysEnd)
                queue.Dequeue();
            return head.Chain;
        }
        return 0;
    }
}
