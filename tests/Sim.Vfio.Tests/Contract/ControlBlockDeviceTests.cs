using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;
using Sim.Vfio.Guests;
using Sim.Vfio.VfioPci;
using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Tests.Contract;

/// <summary>The contract, held by each of this project's own devices.</summary>
[TestFixture("queue that a doorbell restarts")]
[TestFixture("queue that discards")]
[TestFixture("queue that answers Unsupported Request")]
[TestFixture("queue that answers Completer Abort")]
[TestFixture("queue that never completes")]
[TestFixture("queue without a fence")]
[TestFixture("queue that stores break")]
[TestFixture("queue that takes snapshots")]
[TestFixture("passive registers")]
[TestFixture("forwarder that holds")]
[TestFixture("forwarder that drops")]
[TestFixture("forwarder that holds in time")]
public sealed class ControlBlockDeviceTests(string model) : MigratableDeviceContract
{
    private const ulong HostBase = 0x1000_0000;
    private const ulong GuestBytes = 1 << 20;

    protected override MigratableDevice Create()
    {
        var host = new TestHost(model: (sim, name, config) => Make(sim, name, config)).Boot();
        var program = new DmaQueueGuest(new DmaQueueGuestOptions { Interval = SimDuration.FromMicroseconds(1), HealthPeriod = 0 });
        Vmm? vmm = null;
        VfioPciDevice? device = null;
        host.Run(async () =>
        {
            vmm = new Vmm(host.Kernel, "guest", HostBase, GuestBytes, program);
            device = await host.OpenAsync(0);
            await vmm.AddDeviceAsync(device, 1);
        });
        var function = host.VfDevices[0];
        var user = new UserProcess(host.Kernel, "user");
        var (mapping, written, seen, paused) = (device!.Map(0), 0ul, 0ul, true);
        return new MigratableDevice
        {
            Sim = host.Sim,
            Function = function,
            Device = device,
            Load = LoadAsync,
            Pause = () =>
            {
                paused = true;
                return vmm!.PauseAsync();
            },
            Poke = async () =>
            {
                foreach (var offset in new[] { DmaQueueLayout.Doorbell, PassiveLayout.FileBase, DmaQueueLayout.PeerWindow + 8 })
                    await user.StoreAsync(mapping, (ulong)offset, 0x55);
                foreach (var offset in new[] { DmaQueueLayout.Identification, DmaQueueLayout.EventCause, DmaQueueLayout.PeerWindow })
                    await user.LoadAsync(mapping, (ulong)offset);
            },
            Advances = () =>
            {
                var before = seen;
                seen = function is DmaQueueFunction ? (ulong)program.Report.Completed : written;
                return seen != before;
            },
        };

        async Task LoadAsync()
        {
            if (function is DmaQueueFunction)
            {
                vmm!.Run();
                return;
            }

            await user.StoreAsync(mapping, ForwarderLayout.RingSize, 512);
            await user.StoreAsync(mapping, ForwarderLayout.Control, 1);
            if (!paused) return;
            paused = false;
            _ = host.Sim.Start("load", async () =>
            {
                var register = function is PassiveFunction ? PassiveLayout.Trigger : DmaQueueLayout.PeerWindow;
                for (; !paused; written++)
                {
                    await user.StoreAsync(mapping, (ulong)register, written, function is PassiveFunction ? 4 : 8);
                    await host.Sim.Delay(SimDuration.FromNanoseconds(500));
                }
            });
        }
    }

    private ControlBlockFunction Make(Simulator sim, string name, EndpointConfig config) => model switch
    {
        "queue that a doorbell restarts" => new DmaQueueFunction(sim, name, config, StoppedAccessPolicy.DoorbellRestarts),
        "queue that discards" => new DmaQueueFunction(sim, name, config, StoppedAccessPolicy.Discard),
        "queue that answers Unsupported Request" => new DmaQueueFunction(sim, name, config, StoppedAccessPolicy.UnsupportedRequest),
        "queue that answers Completer Abort" => new DmaQueueFunction(sim, name, config, StoppedAccessPolicy.CompleterAbort),
        "queue that never completes" => new DmaQueueFunction(sim, name, config, StoppedAccessPolicy.NoCompletion),
        "queue without a fence" => new DmaQueueFunction(sim, name, config, StoppedAccessPolicy.Unfenced),
        "queue that stores break" => new FragileFunction(sim, name, config),
        "queue that takes snapshots" => new SnapshotFunction(sim, name, config),
        "passive registers" => new PassiveFunction(sim, name, config),
        "forwarder that holds" => new ForwarderFunction(sim, name, config, depth: 256),
        "forwarder that drops" => new ForwarderFunction(sim, name, config, depth: 16, FullBuffer.Drop),
        "forwarder that holds in time" => new ForwarderFunction(sim, name, config, depth: 16, FullBuffer.HoldInTime),
        _ => throw new ArgumentOutOfRangeException(nameof(model), model, "no such model"),
    };
}
