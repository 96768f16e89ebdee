using Sim.Core;
using Sim.Mlx5.Device;
using Sim.Mlx5.Driver;
using Sim.Mlx5.Spec;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Links;
using Sim.Pcie.Topology;
using Sim.Vfio.Kernel;

namespace Benchmarks;

/// <summary>RDMA writes of 64 to 512 bytes on a loopback QP of an mlx5 VF: doorbell, WQE fetch, payload read and write, CQE.</summary>
internal sealed class Mlx5Workload : IWorkload
{
    public string Name => "mlx5-writes";

    public string Usage => $"{Name} WRITES=2e5";

    public IPreparedRun Prepare(IReadOnlyList<long> numbers, EventQueueKind queue) =>
        new Writes(numbers.ElementAtOrDefault(0, 200_000), queue);

    public IReadOnlyList<long> WarmUp(IReadOnlyList<long> numbers) => [50_000];

    private sealed class Writes : IPreparedRun
    {
        private const ulong Memory = 0x1000_0000;
        private const ulong PfMemory = Memory;
        private const ulong VfMemory = 2 * Memory;
        private const ulong Source = VfMemory + 0x20_0000;
        private const ulong Destination = VfMemory + 0x30_0000;
        private const int LogEvents = 6;
        private const int FirmwarePages = 64;
        private static readonly SimDuration Poll = SimDuration.FromMicroseconds(2);

        private readonly Simulator _sim;
        private readonly RootComplex _root;
        private readonly Mlx5PhysicalFunction _pf;
        private readonly long _writes;
        private LoopbackQueue _queue = null!;
        private Mlx5Startup _startup = null!;

        public Writes(long writes, EventQueueKind queue)
        {
            _writes = writes;
            _sim = new Simulator(queue: queue);
            _root = new RootComplex(_sim);
            var adapter = new PcieDevice(_sim, "nic");
            Link.Connect(_root.AddRootPort("rp0"), adapter, LinkSpeed.Gen4, LinkWidth.X16);
            _pf = new Mlx5PhysicalFunction(_sim, "nic.pf", Mlx5Templates.PhysicalFunction("nic.pf"));
            adapter.Add(_pf, 0);
            adapter.Add(new Mlx5VirtualFunction(_sim, "nic.vf0", Mlx5Templates.VirtualFunction("nic.vf0", _pf, 0)), 2);
            var booted = _sim.Start("boot", BootAsync);
            _sim.Run();
            booted.GetAwaiter().GetResult();
        }

        public RunResult Run()
        {
            var (start, events) = (_sim.Now, _sim.EventsFired);
            var done = _sim.Start("writes", () => WriteAsync(_writes));
            _sim.Run();
            done.GetAwaiter().GetResult();
            return new(_sim.EventsFired - events, _writes, (_sim.Now - start).Femtoseconds / 1000);
        }

        private async Task BootAsync()
        {
            var tree = await Enumerator.EnumerateAsync(_root);
            var kernel = new HostKernel(_root, new HostErrorPolicy(), tree, null);
            var pf = kernel.Functions.Single(f => f.Id == _pf.Id);
            var vf = kernel.Add(await Enumerator.EnableVfsAsync(_root, pf.Discovered, 1))[0];
            var driver = await Mlx5PfDriver.ProbeAsync(kernel, pf, PfMemory);
            await driver.EnableVfAsync(0);

            var platform = new HostPlatform(_root, vf.Discovered.Bars[0].Address);
            var commands = new Mlx5CommandInterface(platform, VfMemory, 1);
            var events = new EventQueueReader(platform, VfMemory + 0x10_0000, LogEvents);
            _startup = new Mlx5Startup(platform, commands, VfMemory + 0x11_0000, FirmwarePages, events, VfMemory + 0x10_0000, LogEvents);
            while (!_startup.IsDone) await _startup.StepAsync();
            _queue = new LoopbackQueue(platform, VfMemory + 0x10_2000, LoopbackQueue.MaxLogSize);
            while (!_queue.IsReady) await _queue.CreateStepAsync(commands, _startup.Uar, _startup.Pd, events.Number);
            await WriteAsync(1 << LoopbackQueue.MaxLogSize);
        }

        private async Task WriteAsync(long writes)
        {
            for (var (posted, completed) = (0L, 0L); completed < writes;)
            {
                var before = posted;
                for (; posted < writes && _queue.Room > 0; posted++)
                {
                    var place = (ulong)(posted & 63) * 512;
                    _queue.Post(WqeOpcode.RdmaWrite, Source + place, Destination + place, 64u << (int)(posted & 3), _startup.Mkey);
                }

                if (posted > before) await _queue.RingAsync();
                await _sim.Delay(Poll);
                for (; _queue.TryTake(out var completion); completed++)
                {
                    if (completion.Syndrome != CqeSyndrome.None)
                        throw new InvalidOperationException($"write {completed} ended with {completion.Syndrome}");
                }
            }
        }
    }
}
