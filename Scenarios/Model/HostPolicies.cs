using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>What firmware and chipset do with errors.</summary>
public sealed class Platform : ScriptItem
{
    [Key("errors", "A preset: register values and policies under one name (`pciesim presets` lists them).")]
    public Reference? Errors { get; private set; }

    [Key("error_owner", "Who was granted error reporting by _OSC.")]
    public ErrorOwner ErrorOwner { get; private set; } = ErrorOwner.Os;

    [Key("system_error", "What the host does when a Root Port asserts a system error.")]
    public SystemErrorPolicy SystemError { get; private set; } = SystemErrorPolicy.Ignore;

    [Key("firmware_nonfatal", "How firmware reports ERR_NONFATAL, where it owns errors.")]
    public FirmwareSeverity FirmwareNonFatal { get; private set; } = FirmwareSeverity.Recoverable;

    [Key("firmware_fatal", "How firmware reports ERR_FATAL, where it owns errors.")]
    public FirmwareSeverity FirmwareFatal { get; private set; } = FirmwareSeverity.Panic;

    [Key("failed_load", "What the Root Complex gives a CPU whose load did not complete successfully.")]
    public FailedLoad FailedLoad { get; private set; } = FailedLoad.AllOnes;

    [Key("peer_to_peer", "What the Root Complex does with a request from below whose address lies below a Root Port.")]
    public RootPeers PeerToPeer { get; private set; } = RootPeers.Forward;

    [Key("resizable_bars", "What size firmware gives to Resizable BARs before it assigns addresses.")]
    public ResizableBars ResizableBars { get; private set; } = ResizableBars.AsFound;

    [Key("peers_bypass_iommu", "Whether a Root Port sends untranslated requests for another one there around the IOMMU, unless its ACS P2P "
        + "Request Redirect is set.")]
    public bool PeersBypassIommu { get; private set; }
}

public enum ResizableBars
{
    [Word("as-found", "the default")] AsFound,
    [Word("largest", "the largest that each supports")] Largest,
}

public enum ErrorOwner
{
    [Word("os", "the operating system: native AER and DPC")] Os,
    [Word("firmware", "the firmware: it handles the error first and tells the operating system what it likes")] Firmware,
}

public enum SystemErrorPolicy
{
    [Word("ignore", "an NMI is logged and the host continues")] Ignore,
    [Word("panic", "the host panics")] Panic,
}

public enum FirmwareSeverity
{
    [Word("corrected", "reported as corrected: a log line")] Corrected,
    [Word("recoverable", "reported as recoverable: the operating system runs its recovery")] Recoverable,
    [Word("panic", "reported as fatal: the host panics")] Panic,
}

public enum FailedLoad
{
    [Word("all-ones", "the load returns all ones")] AllOnes,
    [Word("machine-check", "the load raises a machine check")] MachineCheck,
}

/// <summary>What the host kernel does with the user's mappings.</summary>
public sealed class Kernel : ScriptItem
{
    [Key("policy", "A kernel under one name: what it does, and the migration uAPI that the VMM finds (`pciesim presets` lists them).")]
    public Reference? Policy { get; private set; }

    [Key("release", "Whose wording the kernel log has, where releases differ.")]
    public KernelWording Release { get; private set; } = KernelWording.Linux612;

    [Key("revoke", "What happens to a user's BAR mappings while the device is !RUNNING.")]
    public RevokePolicy Revoke { get; private set; } = RevokePolicy.None;

    [Key("reset_done", "Whether a migration driver learns of a reset of its device; one that does not keeps a stale state.")]
    public bool ResetDone { get; private set; } = true;

    [Key("acs", "What the kernel does with Access Control Services at boot, where there is an IOMMU.")]
    public KernelAcs Acs { get; private set; } = KernelAcs.Isolate;

    [Key("disabled_memory", "What happens to a user's BAR mappings while memory space is disabled or the Function resets.")]
    public DisabledMemory DisabledMemory { get; private set; } = DisabledMemory.Zap;
}

public enum KernelWording
{
    [Word("linux-5.16", "5.16: 'Uncorrected (Non-Fatal) error received: ...'")] Linux516,
    [Word("linux-6.12", "6.12: 'Uncorrectable (Non-Fatal) error message received from ...'")] Linux612,
    [Word("linux-6.16", "6.16: lines limited in their rate, '(no details found', DPC events on one line")] Linux616,
}

public enum DisabledMemory
{
    [Word("zap", "the mappings are removed and come back with the memory: Linux since 5.8")] Zap,
    [Word("open", "the mappings stay: Linux before")] Open,
}

public enum RevokePolicy
{
    [Word("none", "the mappings stay: loads and stores reach the device")] None,
    [Word("zap", "the mappings are removed before the device stops: an access faults with SIGBUS; read() and write() still work")] Zap,
    [Word("fence", "zap, and read(), write() and ioeventfds are refused too: every device alike")] Fence,
    [Word("fence-where-needed", "fence, but only for devices that do not declare a stable image")] FenceWhereNeeded,
    [Word("revoke", "zap, and peers lose the device's BARs where their address space hears of it")] Revoke,
}

/// <summary>What the virtual machine monitor does.</summary>
public sealed class Vmm : ScriptItem
{
    [Key("guest_memory", "Size of the guest's memory.")]
    public ByteSize GuestMemory { get; private set; } = new(4 << 20);

    [Key("stop_window", "How long the device stands in STOP before its image is saved: the time in which a VMM sends the last memory.")]
    public Sim.Core.SimDuration StopWindow { get; private set; } = Sim.Core.SimDuration.FromMicroseconds(400);

    [Key("stop_order", "In which order several devices are stopped.")]
    public StopOrder StopOrder { get; private set; } = StopOrder.TwoPhase;

    [Key("resume_order", "In which order several devices run again at the destination.")]
    public StopOrder ResumeOrder { get; private set; } = StopOrder.TwoPhase;

    [Key("several_devices", "Which guests with several devices are migrated at all.")]
    public SeveralDevices SeveralDevices { get; private set; } = SeveralDevices.WithP2P;

    [Key("map_peers", "Whether the devices of a guest can reach each other through the IOMMU.")]
    public bool MapPeers { get; private set; } = true;

    [Key("space", "The kernel's interface for what the guest's devices reach by DMA.")]
    public SpaceKind Space { get; private set; } = SpaceKind.Iommufd;

    [Key("uapi", "The migration uAPI that it speaks to the kernel.")]
    public Uapi Uapi { get; private set; } = Uapi.V2;

    [Key("irqs", "When the VMM at the destination gives a device its interrupts.")]
    public IrqOrder Irqs { get; private set; } = IrqOrder.AfterLoad;

    [Key("tracker", "Who tells which pages devices wrote.")]
    public Tracker Tracker { get; private set; } = Tracker.Iommu;

    [Key("device_pre_copy", "Whether devices that can send a first image while they run.")]
    public bool DevicePreCopy { get; private set; }

    [Key("rounds", "Rounds at most in which memory is sent while the guest runs.", Min = 0, Max = 1000)]
    public int Rounds { get; private set; } = 1;

    [Key("bandwidth", "Bytes that leave the host per second, like 1GiB; without it sending takes no time.")]
    public ByteSize? Bandwidth { get; private set; }

    [Key("downtime_limit", "Ends the rounds once the rest takes no longer than this to send.")]
    public Sim.Core.SimDuration? DowntimeLimit { get; private set; }

    [Key("vcpus_stop", "When the vCPUs stop for the switch-over.")]
    public VcpuStop VcpusStop { get; private set; } = VcpuStop.BeforeDevice;
}

public enum StopOrder
{
    [Word("two-phase", "no device responds no longer while another initiates: P2P states first, for all of them")] TwoPhase,
    [Word("sequential", "one device after the other, as in 2021")] Sequential,
}

public enum SeveralDevices
{
    [Word("with-p2p", "only if all of them have P2P states, as QEMU does now")] WithP2P,
    [Word("never", "one device only, as QEMU did before")] Never,
    [Word("always", "whatever they are")] Always,
}

public enum Uapi
{
    [Word("v2", "states and arcs, as of today")] V2,
    [Word("v1", "the bits of 2021; the driver freezes the device at the write of the state")] V1,
    [Word("v1-lazy", "the bits of 2021; the driver freezes the device at the first read of pending_bytes")] V1Lazy,
}

public enum IrqOrder
{
    [Word("after-load", "after the device image was loaded")] AfterLoad,
    [Word("before-load", "before the device image is loaded, and not again")] BeforeLoad,
}

public enum Tracker
{
    [Word("iommu", "the guest's address space: the system IOMMU, or a type1 container, to which everything counts as written")] Iommu,
    [Word("device", "the device's own log")] Device,
    [Word("both", "both together")] Both,
}

public enum VcpuStop
{
    [Word("before-device", "the vCPUs stop first, then the device: nothing of the guest runs while the device is stopped")] BeforeDevice,
    [Word("after-device", "the device stops while vCPUs still run: a sloppy VMM")] AfterDevice,
}
