import { nullable, oneOf, pattern, section, text } from './vocabulary.ts'

const colour = pattern('^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$', {
  description: 'A colour.',
  expects: 'a colour such as #3545a3',
  sample: '#3545a3',
})

function colourOf(what: string) {
  return nullable(colour, { description: what })
}

const themeSchema = section(
  {
    accent: colourOf(
      'Of the button to press and of marks; what is written on it is black or white.',
    ),
    accentDark: colourOf('The same where the person wants it dark.'),
    text: colourOf('Of the text; quieter text, lines and edges are mixed of it and `card`.'),
    textDark: colourOf('The same in the dark.'),
    card: colourOf('What the text stands on.'),
    cardDark: colourOf('The same in the dark.'),
    ground: colourOf('Behind that.'),
    groundDark: colourOf('The same in the dark.'),
    radius: pattern('^(?:[0-9]|[12][0-9]|3[0-2])px$', {
      description: 'How round the corners are, up to 32px.',
      default: '12px',
      expects: 'a length from 0px to 32px',
      sample: '12px',
    }),
  },
  {
    description:
      'Colours as #rrggbb or #rgb; those that are left out are those of Curfew. `curfew check` says where one is hard to read on another.',
    default: {},
  },
)

export const pagesSchema = section(
  {
    name: pattern('^[^\\u0000-\\u001f\\u007f]{1,64}$', {
      description: 'Stands at the top of each page and in the title of its window.',
      default: 'Curfew',
      expects: 'a name of at most 64 characters',
      sample: 'sample',
    }),
    logo: nullable(text({ description: 'A path.' }), {
      description:
        'The path of an SVG or PNG file of at most 64 KB, read when the configuration is; one that is not absolute begins where the server was started. It stands beside the name and is 44 pixels high.',
    }),
    theme: themeSchema,
    defaultLanguage: oneOf(['en', 'de'], {
      description: 'For whoever asks for no language that is here.',
      default: 'en',
    }),
  },
  { description: 'How the pages for people look and speak.', default: {} },
)
