using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Endpoints;

/// <summary>A device that leaves posted requests in its ingress buffer: what waits behind them, how long, and who lets it go.</summary>
internal sealed class ForwarderFunctionTests
{
    private const int Depth = 4;
    private const uint FlrBit = 1 << 15;

    private readonly List<PcieError> _errors = [];
    private Simulator _sim = null!;
    private RootComplex _root = null!;
    private PcieDevice _device = null!;
    private ForwarderFunction _function = null!;
    private ulong _bar;
    private int _express;

    [Test]
    public void What_is_held_holds_everything_behind_it_until_the_requester_gives_up()
    {
        Boot(FullBuffer.Hold);
        _function.SuspendInitiator(() => { });
        Store(Depth + 3);
        var (value, latency) = ReadConfiguration();
        Assert.That(value, Is.EqualTo(uint.MaxValue), "a configuration request may not pass a posted one (Table 2-42)");
        Assert.That(latency, Is.GreaterThanOrEqualTo(SimDuration.FromMilliseconds(40)));
        Assert.That(_errors, Does.Contain(PcieError.CompletionTimeout));
        Assert.That(_device.HeldTlps, Is.EqualTo(4), "three stores and the request");
        Assert.That(_device.Link!.Downstream.CreditsWhole, Is.False);
    }

    [Test]
    public void A_store_is_held_no_longer_than_the_acceptance_limit_where_the_device_keeps_it()
    {
        Boot(FullBuffer.HoldInTime);
        _function.SuspendInitiator(() => { });
        Store(Depth + 3);
        var (value, latency) = ReadConfiguration();
        Assert.That(value, Is.Not.EqualTo(uint.MaxValue));
        Assert.That(latency, Is.InRange(SimDuration.FromMicroseconds(9), SimDuration.FromMicroseconds(12)));
        Assert.That(_errors, Is.Empty);
        Assert.That(Load(ForwarderLayout.Dropped), Is.EqualTo(3));
        AssertNothingIsHeld();

        // What had room is forwarded, in order, once it may be.
        _function.ResumeInitiator();
        _sim.Run();
        Assert.That(Load(ForwarderLayout.Forwarded), Is.EqualTo(Depth));
        for (var i = 0; i < Depth; i++) Assert.That(_root.Memory.ReadValue(0x10_0000 + (ulong)i * 8, 8), Is.EqualTo((ulong)i + 1));
    }

    [Test]
    public void A_full_FIFO_that_has_room_in_time_loses_nothing()
    {
        Boot(FullBuffer.HoldInTime);
        _function.SuspendInitiator(() => { });
        Store(Depth + 3);
        _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(8));
        Assert.That(_device.HeldTlps, Is.EqualTo(3));
        _function.ResumeInitiator();
        _sim.Run();
        Assert.That((Load(ForwarderLayout.Forwarded), Load(ForwarderLayout.Dropped)), Is.EqualTo((Depth + 3, 0)));
        AssertNothingIsHeld();
    }

    [TestCase(FullBuffer.Hold)]
    [TestCase(FullBuffer.HoldInTime)]
    public void A_reset_of_the_Function_discards_what_is_held_for_it_and_lets_the_rest_go(FullBuffer full)
    {
        Boot(full);
        _function.SuspendInitiator(() => { });
        Store(Depth + 20);
        uint? read = null;
        _sim.Start("read", async () => read = (uint)(await _root.ConfigReadAsync(_function.Id, _express, 4)).Value);
        _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(5));
        Assert.That(_device.HeldTlps, Is.EqualTo(21));
        _function.Reset(ResetKind.FunctionLevel);
        _sim.RunUntil(_sim.Now + SimDuration.FromMilliseconds(5));
        AssertNothingIsHeld();
        Assert.That(_errors, Is.Empty, "discarded silently (§6.6.2)");
        Assert.That(read, Is.Not.Null, "what was behind them has its answer");
        Assert.That(State("FIFO level"), Is.EqualTo("0"));
    }

    [Test]
    public void A_reset_that_was_held_itself_takes_what_came_behind_it_along()
    {
        Boot(FullBuffer.Hold);
        _function.SuspendInitiator(() => { });
        Store(Depth + 3);
        _ = _root.ConfigWriteAsync(_function.Id, _express + 8, 2, FlrBit);
        Store(5);
        _sim.RunUntil(_sim.Now + SimDuration.FromMicroseconds(5));
        Assert.That(_device.HeldTlps, Is.EqualTo(9));
        _function.ResumeInitiator();
        _sim.RunUntil(_sim.Now + SimDuration.FromMilliseconds(5));
        AssertNothingIsHeld();
        Assert.That(_errors, Is.Empty);
        Assert.That((State("forwarded"), State("FIFO level")), Is.EqualTo(("0", "0")), "as after power-on");
    }

    private void AssertNothingIsHeld()
    {
        Assert.That(_device.HeldTlps, Is.Zero);
        Assert.That(_device.Link!.Downstream.CreditsWhole, Is.True);
        Assert.That(_device.Bodies.Rented, Is.Zero);
    }

    private void Boot(FullBuffer full)
    {
        _errors.Clear();
        _sim = new Simulator();
        _root = new RootComplex(_sim);
        _device = new PcieDevice(_sim, "dev0");
        var options = new EndpointOptions
        {
            Identity = new FunctionIdentity(DmaQueueLayout.VendorId, DmaQueueLayout.PhysicalDeviceId, 0x088000),
            BarSize = DmaQueueLayout.BarSize,
        };
        _function = new ForwarderFunction(_sim, "dev0.pf", EndpointTemplates.PhysicalFunction("dev0.pf", options), Depth, full);
        _device.Add(_function, 0);
        Link.Connect(_root.AddRootPort("rp0"), _device, LinkSpeed.Gen4, LinkWidth.X4);
        _sim.Start("boot", async () =>
        {
            var tree = await Enumerator.EnumerateAsync(_root);
            var found = tree.SelectMany(f => f.Subtree()).Single(f => f.Id == _function.Id);
            (_bar, _express) = (found.Bars[0].Address, found.Capabilities[CapabilityId.PciExpress]);
        });
        _sim.Run();
        _device.ErrorTrace.Steps.Subscribe((SimTime _, in ErrorStep step) =>
        {
            if (step is { Kind: ErrorStepKind.Detected, Error: { } error }) _errors.Add(error);
        });
        _root.Store(_bar + ForwarderLayout.RingBase, 0x10_0000, 8);
        _root.Store(_bar + ForwarderLayout.RingSize, 64, 4);
        _root.Store(_bar + ForwarderLayout.Control, 1, 4);
        _sim.Run();
    }

    private void Store(int quadwords)
    {
        for (var i = 0; i < quadwords; i++) _root.Store(_bar + DmaQueueLayout.PeerWindow + ((ulong)i * 8), (ulong)i + 1, 8);
    }

    private (uint Value, SimDuration Latency) ReadConfiguration()
    {
        var (value, begun, ended) = (0u, _sim.Now, SimTime.Zero);
        _sim.Start("read", async () =>
        {
            value = (uint)(await _root.ConfigReadAsync(_function.Id, 0, 4)).Value;
            ended = _sim.Now;
        });
        _sim.Run();
        return (value, ended - begun);
    }

    private string State(string field) => _function.DescribeImage(_function.SaveImage()).Single(f => f.Name == field).Value;

    private int Load(int register)
    {
        var value = 0;
        _sim.Start("load", async () => value = (int)(await _root.LoadAsync(_bar + (ulong)register, 4)).Value);
        _sim.RunUntil(_sim.Now + SimDuration.FromMilliseconds(1));
        return value;
    }
}
