using Sim.Core;
using Sim.Pcie.Capabilities;

namespace Sim.Pcie.Topology;

/// <summary>The Completion Timeout that Device Control 2 asks for.</summary>
public static class CompletionTimeouts
{
    /// <summary>
    /// The upper end of the programmed range (§7.5.3.16); the default range is 50 us to 50 ms and §2.8 wants no less than 10 ms, so its
    /// upper end too. Zero if Completion Timeout Disable is set.
    /// </summary>
    public static SimDuration InForce(PciExpressCapability express) => express.CompletionTimeoutDisabled
        ? SimDuration.Zero
        : express.CompletionTimeoutValue switch
        {
            0b0001 => SimDuration.FromMicroseconds(100),
            0b0010 => SimDuration.FromMilliseconds(10),
            0b0101 => SimDuration.FromMilliseconds(55),
            0b0110 => SimDuration.FromMilliseconds(210),
            0b1001 => SimDuration.FromMilliseconds(900),
            0b1010 => SimDuration.FromMilliseconds(3500),
            0b1101 => SimDuration.FromSeconds(13),
            0b1110 => SimDuration.FromSeconds(64),
            _ => SimDuration.FromMilliseconds(50),
        };
}
