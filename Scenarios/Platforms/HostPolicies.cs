using Scenarios.Model;
using Sim.Vfio.Kernel;
using ErrorOwner = Sim.Vfio.Kernel.ErrorOwner;

namespace Scenarios.Platforms;

/// <summary>What a script says of platform and kernel, in the words of the host software.</summary>
internal static class HostPolicies
{
    private const string TriggerEnable = "DPC Control.DPC Trigger Enable";

    public static HostErrorPolicy Of(Script script) => new()
    {
        Owner = script.Platform.ErrorOwner == Model.ErrorOwner.Os ? ErrorOwner.Native : ErrorOwner.FirmwareFirst,
        PanicOnUnrecoveredNmi = script.Platform.SystemError == SystemErrorPolicy.Panic,
        FirmwareNonFatal = Severity(script.Platform.FirmwareNonFatal),
        FirmwareFatal = Severity(script.Platform.FirmwareFatal),
        FailedLoadIsMachineCheck = script.Platform.FailedLoad == FailedLoad.MachineCheck,

        // The kernel's DPC service runs where something sets the trigger; which value the register gets is the override's.
        Dpc = script.Registers.Items.Any(c => c.Value.Find(TriggerEnable) is { Value: > 0 }) ? DpcTrigger.Fatal : DpcTrigger.Off,
    };

    public static Sim.Vfio.VfioPci.RevokePolicy Revoke(Script script) => script.Kernel.Revoke switch
    {
        Model.RevokePolicy.Zap => Sim.Vfio.VfioPci.RevokePolicy.ZapOnNotRunning,
        Model.RevokePolicy.Revoke => Sim.Vfio.VfioPci.RevokePolicy.RevokeOnNotRunning,
        _ => Sim.Vfio.VfioPci.RevokePolicy.None,
    };

    public static IommuPolicy Iommu(Script script) => new()
    {
        ScalableMode = script.Iommu.Scalable,
        InterruptRemapping = script.Iommu.RemapInterrupts,
        Strict = script.Iommu.Strict,
        FlushesDirty = script.Iommu.FlushDirty,
    };

    private static GhesSeverity Severity(FirmwareSeverity severity) => severity switch
    {
        FirmwareSeverity.Corrected => GhesSeverity.Corrected,
        FirmwareSeverity.Recoverable => GhesSeverity.Recoverable,
        _ => GhesSeverity.Fatal,
    };
}
