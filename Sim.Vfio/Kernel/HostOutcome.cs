using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Vfio.Kernel;

/// <summary>The kinds of facts about a host that a judge of its integrity counts.</summary>
public enum HostEventKind
{
    /// <summary>An error Message reached a root port.</summary>
    ErrorMessage,

    /// <summary>A root port raised a system error.</summary>
    SystemError,

    /// <summary>A Function was told to reset by its user or by the kernel.</summary>
    FunctionReset,

    /// <summary>The bus below a port was reset.</summary>
    HotReset,

    /// <summary>A port's Link was taken down by containment.</summary>
    LinkDown,

    /// <summary>A driver stopped working with its device because of an error.</summary>
    DriverUnload,

    /// <summary>A user was told of an error on its device (error eventfd).</summary>
    ErrorNotified,

    /// <summary>A process was killed.</summary>
    ProcessKilled,

    /// <summary>The host is gone.</summary>
    Panic,
}

/// <summary>One fact about a host.</summary>
/// <param name="Time">When.</param>
/// <param name="Kind">What.</param>
/// <param name="Subject">The Function or port it is about.</param>
/// <param name="Affected">The Functions it reached, the subject included where it is one of them.</param>
/// <param name="Contexts">Whose they are, without repetition, in order.</param>
/// <param name="Detail">In words.</param>
public sealed record HostEvent(
    SimTime Time, HostEventKind Kind, RoutingId Subject, IReadOnlyList<RoutingId> Affected, IReadOnlyList<string> Contexts, string Detail);

/// <summary>What happened to a host: facts only, no verdict.</summary>
public sealed class HostOutcome(Simulator sim)
{
    private readonly List<HostEvent> _events = [];

    /// <summary>Every fact, oldest first.</summary>
    public IReadOnlyList<HostEvent> Events => _events;

    /// <summary>Each fact as it happens.</summary>
    public Probe<HostEvent> Recorded { get; } = new();

    /// <summary>Whether the host is gone.</summary>
    public bool IsPanicked { get; private set; }

    /// <summary>Whether anything of that kind happened.</summary>
    public bool Has(HostEventKind kind) => Count(kind) > 0;

    /// <summary>How often something of that kind happened.</summary>
    public int Count(HostEventKind kind)
    {
        var count = 0;
        foreach (var recorded in _events)
            if (recorded.Kind == kind) count++;
        return count;
    }

    /// <summary>Records a fact about <paramref name="subject"/> that reached <paramref name="affected"/>.</summary>
    public void Record(HostEventKind kind, RoutingId subject, IReadOnlyList<PciFunction> affected, string detail)
    {
        var recorded = new HostEvent(
            sim.Now, kind, subject, [.. affected.Select(f => f.Id)], [.. affected.Select(f => f.Context).Distinct()], detail);
        IsPanicked |= kind == HostEventKind.Panic;
        _events.Add(recorded);
        if (Recorded.IsObserved) Recorded.Emit(sim.Now, recorded);
    }
}
