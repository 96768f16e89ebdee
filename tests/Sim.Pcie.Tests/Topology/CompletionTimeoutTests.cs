using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Tests.Topology;

/// <summary>Completion Timeout Value: the range of each encoding (§7.5.3.16), and its upper end, which the model takes.</summary>
public class CompletionTimeoutTests
{
    private const int Disable = 1 << 4;

    [TestCase(0b0000, 50, 50_000)]
    [TestCase(0b0001, 50, 100)]
    [TestCase(0b0010, 1_000, 10_000)]
    [TestCase(0b0101, 16_000, 55_000)]
    [TestCase(0b0110, 65_000, 210_000)]
    [TestCase(0b1001, 260_000, 900_000)]
    [TestCase(0b1010, 1_000_000, 3_500_000)]
    [TestCase(0b1101, 4_000_000, 13_000_000)]
    [TestCase(0b1110, 17_000_000, 64_000_000)]
    public void A_request_that_nobody_answers_ends_at_the_upper_end_of_the_programmed_range(int value, long fromUs, long toUs)
    {
        foreach (var byDevice in (bool[])[true, false])
        {
            var p = Platform(byDevice, value);
            var took = TimeToTimeout(p, byDevice);
            Assert.That(took, Is.Not.Null);
            Assert.That(took!.Value, Is.GreaterThanOrEqualTo(SimDuration.FromMicroseconds(fromUs)), "no sooner than the range begins");
            Assert.That(took.Value, Is.EqualTo(SimDuration.FromMicroseconds(toUs)), byDevice ? "a device's read" : "a CPU's load");
        }
    }

    [Test]
    public void Disabled_it_waits_for_ever()
    {
        Assert.That(TimeToTimeout(Platform(byDevice: true, Disable), byDevice: true), Is.Null);
        Assert.That(TimeToTimeout(Platform(byDevice: false, Disable), byDevice: false), Is.Null);
    }

    [Test]
    public void A_range_is_taken_for_what_is_issued_from_then_on()
    {
        var p = Platform(byDevice: true, 0b0001);
        Assert.That(TimeToTimeout(p, byDevice: true), Is.EqualTo(SimDuration.FromMicroseconds(100)));
        Program(p, p.Devices[0], 0b0010);
        Assert.That(TimeToTimeout(p, byDevice: true), Is.EqualTo(SimDuration.FromMilliseconds(10)));
    }

    private static PeerPlatform Platform(bool byDevice, int value)
    {
        var p = new PeerPlatform();
        Program(p, byDevice ? p.Devices[0] : p.Ports[1].Function, value);
        return p;
    }

    private static void Program(PeerPlatform p, Function function, int value) =>
        p.Configure(function, function.Express.DeviceControl2, 2, (uint)value);

    /// <summary>From the request to the error of its Requester; null if there is none in two minutes.</summary>
    private static SimDuration? TimeToTimeout(PeerPlatform p, bool byDevice)
    {
        SimTime? detected = null;
        using var watch = p.Ports[0].ErrorTrace.Steps.Subscribe((SimTime time, in ErrorStep step) =>
        {
            if (step is { Kind: ErrorStepKind.Detected, Error: PcieError.CompletionTimeout }) detected ??= time;
        });

        // The request is lost on its first link: a receiver had no buffer for it.
        var link = byDevice ? p.Links[1] : p.Links[^1];
        LinkFaults.Inject(byDevice ? link.Upstream : link.Downstream, LinkFault.Overflow);
        var begun = p.Sim.Now;
        if (byDevice) p.Devices[0].Dma.Read(0x1000, 64, 1);
        else _ = p.Root.LoadAsync(p.Bars[3], 4);
        p.Sim.RunUntil(begun + SimDuration.FromSeconds(120));
        return detected - begun;
    }
}
