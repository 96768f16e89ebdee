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
    [Key("revoke", "What happens to a user's BAR mappings while the device is !RUNNING.")]
    public RevokePolicy Revoke { get; private set; } = RevokePolicy.None;
}

public enum RevokePolicy
{
    [Word("none", "the mappings stay: loads and stores reach the device")] None,
    [Word("zap", "the mappings are removed before the device stops: an access faults with SIGBUS")] Zap,
    [Word("revoke", "zap, and peers lose the device's BARs where their address space hears of it")] Revoke,
}

/// <summary>What the virtual machine monitor does.</summary>
public sealed class Vmm : ScriptItem
{
    [Key("guest_memory", "Size of the guest's memory.")]
    public ByteSize GuestMemory { get; private set; } = new(4 << 20);

    [Key("stop_window", "How long the device stands in STOP before its image is saved: the time in which a VMM sends the last memory.")]
    public Sim.Core.SimDuration StopWindow { get; private set; } = Sim.Core.SimDuration.FromMicroseconds(400);

    [Key("vcpus_stop", "When the vCPUs stop for the switch-over.")]
    public VcpuStop VcpusStop { get; private set; } = VcpuStop.BeforeDevice;
}

public enum VcpuStop
{
    [Word("before-device", "the vCPUs stop first, then the device: nothing of the guest runs while the device is stopped")] BeforeDevice,
    [Word("after-device", "the device stops while vCPUs still run: a sloppy VMM")] AfterDevice,
}
