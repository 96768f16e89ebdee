using Sim.Core;

namespace Sim.Pcie.Links;

/// <summary>Data rate of one lane, encoded as in Link Capabilities Max Link Speed (PCIe Base §7.5.3.6).</summary>
public enum LinkSpeed : byte
{
    /// <summary>2.5 GT/s, 8b/10b.</summary>
    Gen1 = 1,

    /// <summary>5.0 GT/s, 8b/10b.</summary>
    Gen2 = 2,

    /// <summary>8.0 GT/s, 128b/130b.</summary>
    Gen3 = 3,

    /// <summary>16.0 GT/s, 128b/130b.</summary>
    Gen4 = 4,

    /// <summary>32.0 GT/s, 128b/130b.</summary>
    Gen5 = 5,

    /// <summary>64.0 GT/s, 1b/1b.</summary>
    Gen6 = 6,
}

/// <summary>Negotiated number of lanes, encoded as in Link Status (§7.5.3.8): the value is the lane count.</summary>
public enum LinkWidth : byte
{
    /// <summary>One lane.</summary>
    X1 = 1,

    /// <summary>Two lanes.</summary>
    X2 = 2,

    /// <summary>Four lanes.</summary>
    X4 = 4,

    /// <summary>Eight lanes.</summary>
    X8 = 8,

    /// <summary>Twelve lanes.</summary>
    X12 = 12,

    /// <summary>Sixteen lanes.</summary>
    X16 = 16,

    /// <summary>Thirty-two lanes.</summary>
    X32 = 32,
}

/// <summary>Physical rates that follow from speed and width.</summary>
public static class LinkRates
{
    /// <summary>Transfers per second of one lane.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The speed is none of <see cref="LinkSpeed"/>.</exception>
    public static long TransfersPerSecond(this LinkSpeed speed) => speed switch
    {
        LinkSpeed.Gen1 => 2_500_000_000,
        LinkSpeed.Gen2 => 5_000_000_000,
        LinkSpeed.Gen3 => 8_000_000_000,
        LinkSpeed.Gen4 => 16_000_000_000,
        LinkSpeed.Gen5 => 32_000_000_000,
        LinkSpeed.Gen6 => 64_000_000_000,
        _ => throw new ArgumentOutOfRangeException(nameof(speed), speed, "link speed must be Gen1 to Gen6"),
    };

    /// <summary>Rate of TLP bytes after line coding: 8b/10b (§4.2.1), 128b/130b (§4.2.2); 64 GT/s is counted 1b/1b without FLIT
    /// overhead.</summary>
    public static DataRate DataRate(LinkSpeed speed, LinkWidth width)
    {
        var bits = speed.TransfersPerSecond() * (int)width;
        return speed switch
        {
            LinkSpeed.Gen1 or LinkSpeed.Gen2 => Core.DataRate.FromBitsPerSecond(bits * 8, 10),
            LinkSpeed.Gen6 => Core.DataRate.FromBitsPerSecond(bits),
            _ => Core.DataRate.FromBitsPerSecond(bits * 128, 130),
        };
    }
}
