using NUnit.Framework;

namespace Sim.Pcie.Tests.Topology;

/// <summary>
/// What holds of any fabric: credits are conserved; no TLP is lost, made up, doubled or reordered against Table 2-42; every tag comes back;
/// every non-posted request ends once, with data or with an error. Random trees, buffers, settings, traffic, errors, resets and links that
/// go down. A failing seed is replayed by running that case.
/// </summary>
public class FabricPropertyTests
{
    [Test]
    public void Holds_of_any_fabric([Range(1, 40)] int seed) => new RandomFabric((ulong)seed).PlayAndCheck(disturbed: true);

    [Test]
    public void Undisturbed_every_request_succeeds_and_every_byte_arrives([Range(101, 110)] int seed) =>
        new RandomFabric((ulong)seed).PlayAndCheck(disturbed: false);
}
