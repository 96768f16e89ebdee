using Scenarios.Model;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;
using Sim.Vfio.Virtualization;
using ErrorOwner = Sim.Vfio.Kernel.ErrorOwner;

namespace Scenarios.Platforms;

/// <summary>What a script says of platform and kernel, in the words of the host software.</summary>
internal static class HostPolicies
{
    private const string TriggerEnable = "DPC Control.DPC Trigger Enable";

    public static HostErrorPolicy Of(Script script) => new()
    {
        Owner = script.Platform.ErrorOwner == Model.ErrorOwner.Os ? ErrorOwner.Native : ErrorOwner.FirmwareFirst,
        Release = script.Kernel.Release switch
        {
            KernelWording.Linux516 => KernelRelease.Linux516,
            KernelWording.Linux616 => KernelRelease.Linux616,
            _ => KernelRelease.Linux612,
        },
        PanicOnUnrecoveredNmi = script.Platform.SystemError == SystemErrorPolicy.Panic,
        FirmwareNonFatal = Severity(script.Platform.FirmwareNonFatal),
        FirmwareFatal = Severity(script.Platform.FirmwareFatal),
        BlocksDisabledMemory = script.Kernel.DisabledMemory == DisabledMemory.Zap,
        FailedLoadIsMachineCheck = script.Platform.FailedLoad == FailedLoad.MachineCheck,

        // The kernel's DPC service runs where something sets the trigger; which value the register gets is the override's.
        Dpc = script.Registers.Items.Any(c => c.Value.Find(TriggerEnable) is { Value: > 0 }) ? DpcTrigger.Fatal : DpcTrigger.Off,
    };

    /// <summary>The kernel's policy for one Function.</summary>
    /// <param name="script">The script.</param>
    /// <param name="supports">What the Function declares of itself.</param>
    public static Sim.Vfio.VfioPci.RevokePolicy Revoke(Script script, MigrationSupport supports) => script.Kernel.Revoke switch
    {
        Model.RevokePolicy.Zap => Sim.Vfio.VfioPci.RevokePolicy.ZapOnNotRunning,
        Model.RevokePolicy.Revoke => Sim.Vfio.VfioPci.RevokePolicy.RevokeOnNotRunning,
        Model.RevokePolicy.Fence => Sim.Vfio.VfioPci.RevokePolicy.FenceOnNotRunning,
        Model.RevokePolicy.FenceWhereNeeded when !supports.HasFlag(MigrationSupport.StableImage) =>
            Sim.Vfio.VfioPci.RevokePolicy.FenceOnNotRunning,
        _ => Sim.Vfio.VfioPci.RevokePolicy.None,
    };

    public static Sim.Vfio.Virtualization.StopOrder Order(Model.StopOrder order) => order == Model.StopOrder.Sequential
        ? Sim.Vfio.Virtualization.StopOrder.Sequential
        : Sim.Vfio.Virtualization.StopOrder.TwoPhase;

    /// <summary>How the VMM migrates.</summary>
    public static LiveMigrationOptions Migration(Script script, Action saved) => new()
    {
        StopWindow = script.Vmm.StopWindow,
        AfterWindow = SimDuration.FromMicroseconds(20),
        TakesReference = false,
        VcpusStopLast = script.Vmm.VcpusStop == VcpuStop.AfterDevice,
        Order = Order(script.Vmm.StopOrder),
        BlockWithoutP2P = script.Vmm.SeveralDevices != SeveralDevices.Always,
        BlockSeveral = script.Vmm.SeveralDevices == SeveralDevices.Never,
        Uapi = script.Vmm.Uapi switch
        {
            Uapi.V1 => MigrationUapi.V1,
            Uapi.V1Lazy => MigrationUapi.V1Lazy,
            _ => MigrationUapi.V2,
        },
        Tracker = script.Vmm.Tracker switch
        {
            Tracker.Device => DirtyTracker.Device,
            Tracker.Both => DirtyTracker.Both,
            _ => DirtyTracker.Iommu,
        },
        DevicePreCopy = script.Vmm.DevicePreCopy,
        PreCopyRounds = script.Vmm.Rounds,
        DowntimeLimit = script.Vmm.DowntimeLimit,
        Bandwidth = script.Vmm.Bandwidth is { } rate ? DataRate.FromBitsPerSecond(8 * rate.Bytes) : null,
        Saved = saved,
    };

    public static IommuPolicy Iommu(Script script) => new()
    {
        ScalableMode = script.Iommu.Scalable,
        InterruptRemapping = script.Iommu.RemapInterrupts,
        Strict = script.Iommu.Strict,
        FlushesDirty = script.Iommu.FlushDirty,
        Acs = script.Kernel.Acs switch
        {
            KernelAcs.NoRedirect => AcsPolicy.NoRedirect,
            KernelAcs.AsFound => AcsPolicy.AsFound,
            _ => AcsPolicy.Isolate,
        },
    };

    /// <summary>What the Root Complex does with peers.</summary>
    public static RootComplexOptions RootComplex(Script script) => new()
    {
        PeersBypassTranslation = script.Platform.PeersBypassIommu,
        PeerToPeer = script.Platform.PeerToPeer switch
        {
            RootPeers.Resegment => RootPeerToPeer.Resegment,
            RootPeers.UnsupportedRequest => RootPeerToPeer.Reject,
            _ => RootPeerToPeer.Forward,
        },
    };

    /// <summary>The ACS mechanisms that a port item names.</summary>
    public static AcsFeatures Acs(IReadOnlyList<AcsMechanism> mechanisms)
    {
        var features = AcsFeatures.None;
        foreach (var mechanism in mechanisms)
        {
            features |= mechanism switch
            {
                AcsMechanism.SourceValidation => AcsFeatures.SourceValidation,
                AcsMechanism.TranslationBlocking => AcsFeatures.TranslationBlocking,
                AcsMechanism.RequestRedirect => AcsFeatures.RequestRedirect,
                AcsMechanism.CompletionRedirect => AcsFeatures.CompletionRedirect,
                AcsMechanism.UpstreamForwarding => AcsFeatures.UpstreamForwarding,
                AcsMechanism.EgressControl => AcsFeatures.EgressControl,
                AcsMechanism.DirectTranslated => AcsFeatures.DirectTranslated,
                _ => AcsFeatures.None,
            };
        }

        return features;
    }

    private static GhesSeverity Severity(FirmwareSeverity severity) => severity switch
    {
        FirmwareSeverity.Corrected => GhesSeverity.Corrected,
        FirmwareSeverity.Recoverable => GhesSeverity.Recoverable,
        _ => GhesSeverity.Fatal,
    };
}
