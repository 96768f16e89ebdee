using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Vfio.Kernel;

/// <summary>Something that host software did on account of an error: a link of the chain that began with its detection.</summary>
/// <param name="Time">When.</param>
/// <param name="Case">Number of the error that is worked at: the same for all that is done about it.</param>
/// <param name="Port">The port whose interrupt or system error it answers.</param>
/// <param name="Source">The Requester ID that the port's registers name; null if nobody knows it.</param>
/// <param name="By">Who: a driver of the kernel, or firmware.</param>
/// <param name="Text">What was done, with its effect.</param>
public sealed record HostAction(SimTime Time, int Case, RoutingId Port, RoutingId? Source, string By, string Text);

/// <summary>One error while host software works at it: whose it is, and where each thing done about it is told.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="port">The port whose interrupt or system error began it.</param>
/// <param name="source">Requester ID that the port's registers name; null if nobody knows it.</param>
/// <param name="by">Who works at it.</param>
internal sealed class ErrorCase(HostKernel kernel, PciFunction port, RoutingId? source, string by)
{
    private int _number = kernel.NextErrorCase();

    public HostKernel Kernel => kernel;

    /// <summary>The same error, in other hands.</summary>
    public ErrorCase HandedTo(string whom) => new(kernel, port, source, whom) { _number = _number };

    public void Tell(string text)
    {
        if (!kernel.Actions.IsObserved) return;
        kernel.Actions.Emit(kernel.Sim.Now, new HostAction(kernel.Sim.Now, _number, port.Id, source, by, text));
    }

    /// <summary>Calls a driver back and tells its vote, and what came of the call.</summary>
    public async Task<ErrorVote> CallAsync(string callback, PciFunction function, PciDriver driver, Func<PciFunction, Task<ErrorVote>> call)
    {
        var before = kernel.Outcome.Events.Count;
        var vote = await call(function);
        Tell($"{callback} of {driver.Name} at {function.Id}: {(vote == ErrorVote.None ? "no opinion" : vote)}{EffectsSince(before)}");
        return vote;
    }

    private string EffectsSince(int count)
    {
        var effects = kernel.Outcome.Events.Skip(count).Select(e => e.Detail).ToList();
        return effects.Count == 0 ? "" : $"; {string.Join(", ", effects)}";
    }
}
