using Scenarios.Language;
using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Vfio.Migration;
using Sim.Vfio.VfioPci;

namespace Scenarios.Platforms;

/// <summary>Counts accesses by path, by the migration state in which the device was when they began, and by what came of them.</summary>
internal sealed class AccessTable
{
    private readonly Dictionary<EndpointFunction, VfioPciDevice> _opened;
    private readonly Recorder _recorder;

    public AccessTable(Machine machine, Cast cast, Recorder recorder)
    {
        _recorder = recorder;
        _opened = machine.Devices.SelectMany(d => d.Device.Functions)
            .Select(f => (Function: f, Device: cast.AllOpened.FirstOrDefault(o => o.Function.Id == f.Id)))
            .Where(o => o.Device?.Migration is not null).ToDictionary(o => o.Function, o => o.Device!);
        foreach (var device in machine.Devices)
            device.Device.Accesses.Subscribe((SimTime _, in AccessRecord access) => OnAccess(in access));
    }

    /// <summary>The state of a function that somebody has opened; null of any other.</summary>
    public string? StateOf(EndpointFunction function) => _opened.GetValueOrDefault(function)?.Migration!.State.UapiName();

    /// <summary>A CPU access through a mapping.</summary>
    public void Mapped(string? state, bool isLoad, in ProcessAccess access) => Count("mmap", state, isLoad, access.Outcome switch
    {
        AccessOutcome.Sigbus => "SIGBUS",
        AccessOutcome.Segfault => "SIGSEGV",
        AccessOutcome.Completed when !isLoad => "sent",
        AccessOutcome.Completed when access.Load.TimedOut => "timeout",
        AccessOutcome.Completed => access.Load.Status.ToString(),
        _ => "not executed",
    });

    /// <summary>An access that the kernel makes, or refuses.</summary>
    public void ByKernel(string? state, AccessPath via, bool isLoad, string outcome) =>
        Count(via.Word(), state, isLoad, via == AccessPath.Config ? "ok" : outcome);

    private void OnAccess(in AccessRecord access)
    {
        if (access.Header.RequesterId == default || access.Header.Type is not (TlpType.MWr or TlpType.MRd)) return;
        if (access.Header.RequesterId == access.Function.Id) return;
        Count("peer", StateOf(access.Function), !access.Header.HasData, access.Decision.ToString());
    }

    private void Count(string path, string? state, bool isLoad, string outcome)
    {
        if (state is not null) _recorder.Count($"{path} {(isLoad ? "load" : "store")} in {state}: {outcome}");
    }
}
