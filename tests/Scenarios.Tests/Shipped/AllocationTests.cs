using Scenarios.Model;
using Scenarios.Platforms;
using Sim.Core;
using Sim.Iommu;
using Sim.Pcie.Spec;

namespace Scenarios.Tests.Shipped;

/// <summary>A scenario's machine at work allocates nothing: links, switch, Root Complex, IOMMU, memory and the device's DMA; nor does who
/// watches a traffic generator.</summary>
internal sealed class AllocationTests
{
    private const ulong Ring = 0x10000;
    private const ulong Completions = 0x40000;
    private const ulong Data = 0x80000;
    private const ulong Memory = 0x100000;
    private const ulong HostPage = 4096;
    private const int Slots = 2048;
    private const string Text = """
        title: A device at work
        topology:
          root_ports: { rp0: { link: gen4 x16 } }
          switches: { sw0: { at: rp0, link: gen4 x16, ports: { p0: { link: gen4 x16 } } } }
          devices: { nic: { model: plain, at: sw0.p0, link: gen4 x16 } }
        timeline:
          - { at: 1us, do: load, by: user, from: nic.identity }
        actors: { user: { kind: process, maps: nic } }
        expect: [ { host: intact } ]
        """;

    private const string Traffic = """
        title: A traffic generator at work
        topology:
          root_ports: { rp0: { link: gen4 x16 } }
          switches: { sw0: { at: rp0, link: gen4 x16, ports: { p0: { link: gen4 x16 } } } }
          devices: { gen: { model: traffic, at: sw0.p0, link: gen4 x16, vfs: 2 } }
        timeline:
          - { at: 0us, do: traffic, of: gen.vf1, pattern: both, outstanding: 64, window: 16KiB, for: 1ms, bytes: [256B] }
        expect: [ { host: intact } ]
        """;

    [Test]
    public void Two_hundred_microseconds_of_DMA_allocate_nothing()
    {
        var machine = Booted(Scripts.Read(Text).Variants[0]);
        Prepare(machine);
        Assert.That(AllocatedInTwoHundredMicroseconds(machine), Is.Zero);
        Assert.That(machine.Root.Memory.ReadValue(Completions + 4, 8), Is.EqualTo(1UL << 32), "status 0, head 1: the first one is done");
    }

    [Test]
    public void A_traffic_generator_that_is_recorded_and_traced_allocates_nothing()
    {
        var variant = Scripts.Read(Traffic).Variants[0];
        var machine = Booted(variant);
        var names = new NameBook(machine);
        var recorder = new Recorder(machine, names);
        using var trace = new TlpTrace(machine, names, null, variant.Variant);
        var run = new TrafficRun(machine, (TrafficEntry)variant.Script.Timeline[0], recorder);
        machine.Sim.Start("traffic", run.RunAsync);
        Assert.That(AllocatedInTwoHundredMicroseconds(machine), Is.Zero);
    }

    private static Machine Booted(ResolvedScript variant)
    {
        var machine = new Machine(variant);
        var booted = machine.Sim.Start("boot", machine.BootAsync);
        while (!booted.IsCompleted) machine.Sim.RunUntil(machine.Sim.Now + SimDuration.FromMilliseconds(1));
        return machine;
    }

    /// <summary>After three hundred in which rings grow.</summary>
    private static long AllocatedInTwoHundredMicroseconds(Machine machine)
    {
        machine.Sim.RunUntil(machine.Sim.Now + SimDuration.FromMicroseconds(300));
        var (events, before) = (machine.Sim.EventsFired, GC.GetAllocatedBytesForCurrentThread());
        machine.Sim.RunUntil(machine.Sim.Now + SimDuration.FromMicroseconds(200));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(machine.Sim.EventsFired - events, Is.GreaterThan(1000), "it was at work");
        return allocated;
    }

    private static void Prepare(Machine machine)
    {
        var memory = machine.Root.Memory;
        for (var page = 0UL; page < Memory; page += HostPage) memory.WriteValue(page, 1, 1);
        for (var i = 0; i < Slots; i++)
        {
            var slot = Ring + (ulong)(i * DmaQueueLayout.DescriptorSize);
            memory.WriteValue(slot, (ulong)i, 4);
            memory.WriteValue(slot + 4, 2048, 4);
            memory.WriteValue(slot + 8, Data, 8);
            memory.WriteValue(slot + 16, Data + 0x1000, 8);
        }

        var domain = machine.Kernel.Iommu!.CreateDomain("user");
        domain.Map(0, 0, Memory, IoPermissions.ReadWrite);
        var function = machine.Kernel[machine.Device("nic").Pf.Id];
        machine.Kernel.Iommu.Attach(function.Id, domain);
        var bar = function.Discovered.Bars[0].Address;
        machine.Root.Store(bar + DmaQueueLayout.SubmissionBase, Ring, 8);
        machine.Root.Store(bar + DmaQueueLayout.CompletionBase, Completions, 8);
        machine.Root.Store(bar + DmaQueueLayout.RingSize, Slots, 4);
        machine.Root.Store(bar + DmaQueueLayout.Control, 1, 4);
        machine.Root.Store(bar + DmaQueueLayout.Doorbell, Slots - 1, 4);
    }
}
