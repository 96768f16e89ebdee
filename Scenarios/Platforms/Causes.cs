using Sim.Core;
using Sim.Iommu;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Topology;

namespace Scenarios.Platforms;

/// <summary>Remembers, from the switch-over on, which TLPs changed or missed what: to say of a difference which TLP caused it.</summary>
internal sealed class Causes
{
    private readonly NameBook _names;
    private readonly Recorder _recorder;
    private readonly Dictionary<ulong, string> _pages = [];
    private readonly List<(EndpointFunction Function, ulong Offset, int Bytes, AccessDecision Decision, string Tlp)> _accesses = [];
    private readonly Dictionary<ulong, string> _refused = [];
    private bool _armed;

    public Causes(Machine machine, NameBook names, Recorder recorder)
    {
        (_names, _recorder) = (names, recorder);
        machine.Root.Memory.Written.Subscribe((SimTime _, in MemoryWrite write) => OnWritten(in write));
        machine.Iommu?.Faults.Recorded.Subscribe((SimTime _, in FaultRecord fault) => OnFault(in fault));
        foreach (var device in machine.Devices)
            device.Device.Accesses.Subscribe((SimTime _, in AccessRecord access) => OnAccess(device, in access));
    }

    /// <summary>The switch-over: writes from now on come too late.</summary>
    public void Arm() => _armed = true;

    /// <summary>The last TLP that wrote a page of host memory after the switch-over.</summary>
    public string? OfPage(ulong address) => _pages.GetValueOrDefault(address / HostMemory.PageSize);

    /// <summary>The first store that a stopped function let into its state.</summary>
    public string? OfState(EndpointFunction function)
    {
        foreach (var access in _accesses)
            if (access.Function == function && access.Decision == AccessDecision.Accept) return access.Tlp;
        return null;
    }

    /// <summary>The store to a place of a stopped function that had no effect.</summary>
    public string? OfLoss(EndpointFunction function, ulong offset)
    {
        foreach (var access in _accesses)
            if (access.Function == function && access.Decision != AccessDecision.Accept && offset - access.Offset < (ulong)access.Bytes)
                return access.Tlp;
        return null;
    }

    /// <summary>The first write to an address that the IOMMU refused.</summary>
    /// <param name="iova">As devices send it.</param>
    public string? OfFault(ulong iova) => _refused.GetValueOrDefault(iova);

    private void OnFault(in FaultRecord fault)
    {
        if (!fault.IsWrite || fault.IsInterrupt) return;
        _refused.TryAdd(fault.Address, $"MWr of {_names.Of(fault.Requester)} to 0x{fault.Address:x} at {_recorder.Now} ({fault.Reason})");
    }

    private void OnWritten(in MemoryWrite write)
    {
        if (!_armed || write.Requester is not { } requester) return;
        _pages[write.Address / HostMemory.PageSize] = $"MWr of {_names.Of(requester)} to 0x{write.Address:x} at {_recorder.Now}";
    }

    private void OnAccess(DeviceUnit device, in AccessRecord access)
    {
        if (!access.Header.HasData || access.Function is not IMigratableFunction { ResponderSuspended: true }) return;
        // The CPU's stores to registers that are no user's are the migration driver's own.
        if (access.Header.RequesterId == default && !device.Personality.IsUserRegister(access.Bar, access.Offset)) return;
        var tlp = $"{access.Header.Type} of {_names.Of(access.Header.RequesterId)} to {access.Function.Name} BAR{access.Bar}"
            + $"+0x{access.Offset:x} at {_recorder.Now} ({access.Decision})";
        _accesses.Add((access.Function, access.Offset, access.Header.EnabledBytes, access.Decision, tlp));
    }
}
