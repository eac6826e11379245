"""Names for generated people and records: pleasant, unique, and the same for the same seed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from string import ascii_uppercase

import numpy as np


def _words(text: str, separator: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(separator))


GENRES = _words(
    "Ambient,Folk,Jazz,Soul,Electronica,Indie Rock,Classical,Hip Hop,Dream Pop,Blues,Techno,Country,Funk,Post-Rock,"
    "Bossa Nova,Reggae,Metal,Chanson,Disco,Singer-Songwriter,Afrobeat,Trip Hop,Synthpop,Bluegrass",
    ",",
)

_FIRST = _words(
    "Ada Adam Aiko Alba Alma Amara Amélie Ana Andrés Anika Anton Aria Arjun Arlo Asha Astrid Aurora Axel Ayumi Basil "
    "Beatriz Bela Benno Bianca Björn Bruno Caleb Camila Carla Cecilia Chiara Clara Cleo Colin Cora Cyrus Dalia Daniela "
    "Daphne Dario Diego Edda Edwin Elena Eli Elif Eliza Emeka Emil Enzo Erik Esme Ewa Farah Felix Finn Flora Freya "
    "Gabriel Georgia Giulia Greta Hana Hanna Hugo Ida Ilse Imani Ines Ingrid Irina Isak Ivo Jana Jasper Joana Jonas "
    "Josefine Juno Kai Kamal Karin Kenji Kian Klara Kofi Laila Lars Lea Leila Lena Leo Lidia Linnea Livia Lola Lucia "
    "Luka Luna Maja Malik Mara Marta Mateo Maya Mei Mila Milan Mina Mira Naomi Nadia Nils Nina Noa Nora Odile Oksana "
    "Olga Oscar Otto Paloma Pia Priya Quinn Rafael Ravi Rhea Rosa Ruth Sami Sana Sara Selma Silas Sofia Soren Stella "
    "Suki Tara Teo Thea Tilda Tomás Uma Valentin Vera Viola Wanda Xenia Yara Yusuf Zara Zoë"
)
_LAST = _words(
    "Abara Adeyemi Aguilar Ahlgren Almeida Amato Andersen Aoki Archer Baker Banerjee Barros Becker Bell Bergström "
    "Bianchi Blanc Bloom Borg Brandt Brook Calder Campos Carver Castillo Chandra Chen Clarke Conti Cortez Costa Dahl "
    "Dale Delgado Demir Diallo Dietrich Dubois Eklund Ellis Engel Eriksen Esposito Falk Farrell Fell Ferrari Fischer "
    "Fleming Flores Fontaine Forster Fox Frost Garcia Gardner Glass Grant Green Grove Hale Hansen Hart Haruki Hayashi "
    "Heller Hill Hoffmann Holm Horvat Hughes Ibarra Ito Iversen Jansen Jensen Jovanovic Kaplan Karlsson Kato Keller "
    "Khan Kimura Klein Kowalski Kruse Lane Larsen Laurent Lehmann Lindholm Linde Lopez Lund Mancini Marino Marlow "
    "Martin Mbeki Meier Mendes Meyer Mishra Moreau Mori Nakamura Navarro Nielsen Nguyen North Novak Nyberg Oakes "
    "Okafor Olsen Ortega Osei Palmer Papadakis Park Patel Pereira Petit Pine Popescu Quist Ramos Reyes Rhodes Ricci "
    "Rivera Rossi Roy Sandberg Santos Sato Schmidt Shah Silva Singh Soares Sommer Sorensen Stone Sundberg Suzuki "
    "Takeda Tanaka Thorne Torres Vance Vargas Vega Virtanen Vogel Wagner Walsh Wells Winter Wolf Woods Yamada Yılmaz "
    "Young Zeller Ziegler"
)
_ADJECTIVES = _words(
    "Amber Ancient Autumn Blue Borrowed Bright Broken Burning Candle Copper Coral Crimson Crystal Distant Drifting "
    "Early Eastern Electric Emerald Endless Evening Faded Falling First Floating Folded Forgotten Foreign Frozen "
    "Gentle Gilded Glass Golden Green Hidden Hollow Humming Indigo Inner Invisible Ivory Jade Kindred Last Late Lemon "
    "Linen Little Lone Long Lost Lucid Lunar Magnetic Marble Midnight Mirrored Misty Moonlit Morning Moving Narrow New "
    "Nocturnal Northern Open Orchid Other Painted Pale Paper Patient Pearl Perfect Plain Polar Quiet Rainy Restless "
    "Rising Salt Scarlet Second Secret Shallow Silent Silver Simple Sleeping Slow Small Soft Southern Spinning Still "
    "Summer Sunday Tender Tidal Turning Twilight Velvet Violet Wandering Warm Western White Wide Wild Winter Wooden "
    "Yellow Young"
)
_NOUNS = _words(
    "Acres Afternoon Airport Almanac Anchor Arcade Archive Atlas Avenue Balcony Bay Beacon Bell Birds Bloom Boulevard "
    "Bridge Canyon Cartography Cathedral Chorus Cinema Circles City Clocks Cloud Coast Compass Constellation Country "
    "Courtyard Current Dancer Dawn Daydream Desert Diary Distance Dream Dunes Echo Embers Engine Evergreen Ferry Field "
    "Fire Flight Forest Fountain Garden Gate Ghosts Glacier Gravity Harbour Harvest Heart Hill Horizon Hotel Hours "
    "House Hymn Island Journey Kingdom Lagoon Lake Lantern Leaves Letters Light Lighthouse Lullaby Machine Map Maze "
    "Meadow Melody Memory Meridian Mile Mirror Monsoon Moon Mornings Mosaic Motel Mountain Museum Night Ocean Orbit "
    "Orchard Overture Palace Parade Passage Pavilion Picnic Pier Planet Poem Portrait Postcard Prairie Promenade "
    "Quarry Radio Rain River Road Room Satellite Sea Season Serenade Shadow Shore Signal Sky Snow Song Stairs Star "
    "Station Stories Storm Street Summer Sun Theatre Tide Tower Trail Train Valley Voyage Water Wave Weather Wind "
    "Window Woods"
)


def people(count: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return ``count`` ids such as ``mira-okafor``, sorted, and the names that they stand for."""
    return _pick(count, len(_FIRST) * len(_LAST), _person, rng)


def records(count: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return ``count`` ids such as ``velvet-harbour``, sorted, and the titles that they stand for."""
    return _pick(count, len(_ADJECTIVES) * len(_NOUNS), _record, rng)


def slug(name: str) -> str:
    """Return ``name`` in lower-case ASCII with hyphens, as an id."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i")).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in plain.lower()).split())


def _pick(
    count: int, variety: int, name_of: Callable[[int, int], str], rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    rounds = max(1, -(-count // variety))
    numbers = rng.permutation(rounds * variety)[:count].tolist()
    names = [name_of(number % variety, number // variety) for number in numbers]
    pairs = sorted((slug(name), name) for name in names)
    return [key for key, _ in pairs], [name for _, name in pairs]


def _person(number: int, extra: int) -> str:
    first, last = _at(_FIRST, number), _LAST[number // len(_FIRST)]
    letters = len(ascii_uppercase)
    initials = ""
    while extra:
        initials = f"{ascii_uppercase[(extra - 1) % letters]}. {initials}"
        extra = (extra - 1) // letters
    return f"{first} {initials}{last}"


def _record(number: int, extra: int) -> str:
    title = f"{_at(_ADJECTIVES, number)} {_NOUNS[number // len(_ADJECTIVES)]}"
    return f"{title}, Volume {extra + 1}" if extra else title


def _at(words: Sequence[str], number: int) -> str:
    return words[number % len(words)]
