using NUnit.Framework;
using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Pcie.Endpoints;
using Sim.Vfio.Tests.Contract;
using Sim.Vfio.VfioPci;
using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Tests.Contract;

/// <summary>The contract of migratable devices, held by an mlx5 VF under a guest that works without end.</summary>
[TestFixture("as reported")]
[TestFixture("all ones")]
[TestFixture("frozen values")]
[TestFixture("Unsupported Request")]
[TestFixture("Completer Abort")]
[TestFixture("without a fence")]
[TestFixture("doorbells lost and interrupts sent while only the initiator is suspended")]
[TestFixture("neither pre-copy nor page tracking")]
public sealed class Mlx5DeviceTests(string policy) : MigratableDeviceContract
{
    private const ulong GuestBase = 0x3000_0000;
    private const ulong GuestBytes = 4 << 20;

    protected override MigratableDevice Create()
    {
        var host = new TestHost(OptionsOf()).Boot();
        var program = new Mlx5Guest(new Mlx5GuestOptions { Interval = SimDuration.FromMicroseconds(1) });
        Vmm? vmm = null;
        VfioPciDevice? device = null;
        host.Run(async () =>
        {
            vmm = new Vmm(host.Kernel, "guest", GuestBase, GuestBytes, program);
            var variant = await Mlx5MigrationDriver.ProbeAsync(host.Kernel, host.PfDriver, 0);
            device = new VfioPciDevice(host.Kernel, host.Vfs[0], "guest", RevokePolicy.None, variant);
            await vmm.AddDeviceAsync(device, Mlx5Guest.Vectors);
        });
        var user = new UserProcess(host.Kernel, "user");
        var mapping = device!.Map(0);
        var seen = 0;
        return new MigratableDevice
        {
            Sim = host.Sim,
            Function = host.Vf,
            Device = device,
            Load = async () =>
            {
                vmm!.Run();

                // A VF that was reset is brought up by nobody: its guest has given up.
                for (var i = 0; i < 2000 && !program.IsReady && !vmm.Cpu.IsDead; i++) await host.Sim.Delay(SimDuration.FromMicroseconds(1));
            },
            Pause = () => vmm!.PauseAsync(),
            Poke = async () =>
            {
                const ulong uar = BarLayout.FirstUar * BarLayout.UarPageSize;
                foreach (var offset in new[] { InitSegment.CommandDoorbell, (int)uar + UarPage.SqDoorbell + 4, (int)uar + UarPage.EqArm })
                    await user.StoreAsync(mapping, (ulong)offset, 0x0001_0002);
                foreach (var offset in new[] { InitSegment.FirmwareRevision, InitSegment.HealthCounter, BarLayout.DeviceMemory })
                    await user.LoadAsync(mapping, (ulong)offset);
            },
            Advances = () =>
            {
                var before = seen;
                seen = program.Report.Completed;
                return seen != before;
            },
        };
    }

    private Mlx5Options OptionsOf() => policy switch
    {
        "as reported" => new(),
        "all ones" => new() { StoppedAccess = new StoppedAccessPolicy(StoppedStore.Discard, StoppedLoad.AllOnes) },
        "frozen values" => new() { StoppedAccess = new StoppedAccessPolicy(StoppedStore.Discard, StoppedLoad.Stale) },
        "Unsupported Request" => new() { StoppedAccess = StoppedAccessPolicy.UnsupportedRequest },
        "Completer Abort" => new() { StoppedAccess = StoppedAccessPolicy.CompleterAbort },
        "without a fence" => new() { StoppedAccess = StoppedAccessPolicy.Unfenced },
        "neither pre-copy nor page tracking" => new() { IncrementalImages = false, PageTracking = false },
        _ => new() { SuspendedDoorbell = SuspendedDoorbell.Discard, SuspendedInterrupt = SuspendedInterrupt.Send },
    };
}
